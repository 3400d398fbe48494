package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"sluice/internal/task"
)

// definition is a task as callers see it.
type definition struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	// Params is the JSON Schema of the parameters, Output that of an answer; in it,
	// {"$param": …} stands for what a parameter says.
	Params json.RawMessage `json:"params,omitempty"`
	Output json.RawMessage `json:"output,omitempty"`
	// MaxTokens bounds an answer.
	MaxTokens int `json:"maxTokens,omitempty"`
	// Reuse: equal inputs may be given one answer.
	Reuse bool `json:"reuse"`
	// Problems say why it cannot be asked; there is nothing else then.
	Problems []string `json:"problems,omitempty"`
}

// maxTasks is how many tasks are listed.
const maxTasks = 1000

// tasks answers GET /tasks.
func (h *Handler) tasks(ctx context.Context, _ *call) (response, error) {
	names := task.Builtin()
	for info, err := range h.Store.List(ctx, "tasks/") {
		if err != nil {
			return response{}, fmt.Errorf("list the tasks: %w", err)
		}
		name := strings.TrimSuffix(strings.TrimPrefix(info.Key, "tasks/"), ".json")
		if task.Key(name) == info.Key && !strings.Contains(name, "/") && len(names) < maxTasks {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	told := struct {
		Tasks []definition `json:"tasks"`
	}{[]definition{}}
	for _, name := range slices.Compact(names) {
		t, problems, err := h.Tasks.Get(ctx, name)
		if err != nil {
			return response{}, err
		}
		d := definition{Name: name}
		for _, p := range problems {
			d.Problems = append(d.Problems, p.Message)
		}
		if t != nil {
			d = definition{Name: name, Description: t.Description, Params: t.Params, Output: t.Output, MaxTokens: t.MaxTokens, Reuse: t.Reuse}
		}
		told.Tasks = append(told.Tasks, d)
	}
	return reply(http.StatusOK, told)
}
