package emulator

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// queries are the questions that are saved in CloudWatch Logs. They are told on one
// page, however many they are.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html
type queries struct {
	mu   sync.Mutex
	kept map[string]savedQuery // by id
}

type savedQuery struct {
	ID            string   `json:"queryDefinitionId"`
	Name          string   `json:"name"`
	Query         string   `json:"queryString"`
	LogGroupNames []string `json:"logGroupNames,omitempty"`
	LastModified  int64    `json:"lastModified"` // Unix milliseconds
}

func newQueries() *queries { return &queries{kept: map[string]savedQuery{}} }

func (q *queries) fill(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
	operation, is := target(r, "Logs_20140328.")
	if !is || !slices.Contains([]string{"PutQueryDefinition", "DescribeQueryDefinitions", "DeleteQueryDefinition"}, operation) {
		return false
	}
	var in struct {
		savedQuery
		Prefix string `json:"queryDefinitionNamePrefix"`
	}
	if err := json.Unmarshal(body(r), &in); err != nil {
		refuse(w, http.StatusBadRequest, "SerializationException", err)
		return true
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	_, known := q.kept[in.ID]
	switch {
	case operation == "DescribeQueryDefinitions":
		answer(w, http.StatusOK, map[string]any{"queryDefinitions": q.named(in.Prefix)})
	case in.ID != "" && !known, operation == "DeleteQueryDefinition" && !known:
		refuse(w, http.StatusBadRequest, "ResourceNotFoundException", errNotThere)
	case operation == "DeleteQueryDefinition":
		delete(q.kept, in.ID)
		answer(w, http.StatusOK, map[string]bool{"success": true})
	default:
		q.put(w, in.savedQuery)
	}
	return true
}

// put makes a query, or changes the one whose id is said.
func (q *queries) put(w http.ResponseWriter, in savedQuery) {
	if in.Name == "" || in.Query == "" {
		refuse(w, http.StatusBadRequest, "InvalidParameterException", errors.New("a query definition has a name and a query"))
		return
	}
	if in.ID == "" {
		in.ID = strings.ToLower(rand.Text())
	}
	in.LastModified = time.Now().UnixMilli()
	q.kept[in.ID] = in
	answer(w, http.StatusOK, map[string]string{"queryDefinitionId": in.ID})
}

func (q *queries) named(prefix string) []savedQuery {
	all := []savedQuery{}
	for _, id := range slices.Sorted(maps.Keys(q.kept)) {
		if strings.HasPrefix(q.kept[id].Name, prefix) {
			all = append(all, q.kept[id])
		}
	}
	return all
}
