package lambdahost

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// handler speaks the Runtime API to the processes.
func (r *registry) handler() http.Handler {
	mux := http.NewServeMux()
	at := func(pattern, path string, serve func(http.ResponseWriter, *http.Request, *process)) {
		mux.HandleFunc(pattern+" /i/{process}/"+runtimeVersion+"/runtime/"+path, func(w http.ResponseWriter, q *http.Request) {
			p, found := r.find(q.PathValue("process"))
			if !found {
				refuse(w, http.StatusForbidden, "InvalidStateTransition", "no such process")
				return
			}
			serve(w, q, p)
		})
	}
	at("GET", "invocation/next", serveNext)
	at("POST", "invocation/{request}/response", serveResponse)
	at("POST", "invocation/{request}/error", serveError)
	at("POST", "init/error", serveInitError)
	return mux
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	body, _ := json.Marshal(map[string]string{"errorType": kind, "errorMessage": message})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func serveNext(w http.ResponseWriter, q *http.Request, p *process) {
	c, err := p.next(q.Context())
	if err != nil {
		refuse(w, http.StatusForbidden, "InvalidStateTransition", err.Error())
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(c.payload)))
	h.Set("Lambda-Runtime-Aws-Request-Id", c.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(c.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", p.arn)
	h.Set("Lambda-Runtime-Trace-Id", c.trace)
	_, _ = w.Write(c.payload)
}

// serveResponse takes an answer. A function that fails in the middle of a
// streamed answer says so in the trailer.
func serveResponse(w http.ResponseWriter, q *http.Request, p *process) {
	id := q.PathValue("request")
	body, err := io.ReadAll(io.LimitReader(q.Body, maxResponse+1))
	o := outcome{payload: body}
	if len(body) > maxResponse {
		o = outcome{err: functionError(p.function.Name, id, TypeResponseTooLarge,
			fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxResponse))}
	} else if kind := q.Trailer.Get("Lambda-Runtime-Function-Error-Type"); kind != "" {
		document, _ := base64.StdEncoding.DecodeString(q.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
		o = outcome{err: reported(p.function.Name, id, kind, document)}
	} else if err != nil {
		refuse(w, http.StatusBadRequest, "BrokenBody", err.Error())
		return
	}
	switch {
	case !p.answer(id, o):
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
	case len(body) > maxResponse:
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge",
			fmt.Sprintf("Exceeded maximum allowed payload size (%d bytes).", maxResponse))
	default:
		accept(w)
	}
}

func serveError(w http.ResponseWriter, q *http.Request, p *process) {
	id := q.PathValue("request")
	document, err := io.ReadAll(io.LimitReader(q.Body, maxResponse))
	if err != nil {
		refuse(w, http.StatusBadRequest, "BrokenBody", err.Error())
		return
	}
	if !p.answer(id, outcome{err: reported(p.function.Name, id, q.Header.Get("Lambda-Runtime-Function-Error-Type"), document)}) {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return
	}
	accept(w)
}

// reported is an error that the function told. The document decides its type,
// or else the header does.
func reported(function, requestID, kind string, document []byte) *FunctionError {
	var told struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}
	if json.Unmarshal(document, &told) != nil {
		told.Message = string(document)
	}
	if told.Type != "" {
		kind = told.Type
	}
	if kind == "" {
		kind = typeUnknown
	}
	return &FunctionError{Function: function, RequestID: requestID, Type: kind, Message: told.Message, Payload: document}
}

func serveInitError(w http.ResponseWriter, q *http.Request, p *process) {
	document, _ := io.ReadAll(io.LimitReader(q.Body, 64<<10))
	p.sayError(document)
	accept(w)
}
