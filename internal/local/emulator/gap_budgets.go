package emulator

import (
	"encoding/json"
	"net/http"
	"path"
	"sync"
)

// budgets keeps what moto forgets of them: who is told, and their tags.
type budgets struct {
	mu          sync.Mutex
	subscribers map[string]json.RawMessage // by budget and notification
	tags        map[string]json.RawMessage // by budget
}

func newBudgets() *budgets {
	return &budgets{subscribers: map[string]json.RawMessage{}, tags: map[string]json.RawMessage{}}
}

// notification is what a budget's notification is known by.
type notification struct {
	NotificationType, ComparisonOperator, ThresholdType string
	Threshold                                           float64
}

func (s *budgets) fill(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
	operation, is := target(r, "AWSBudgetServiceGateway.")
	if !is {
		return false
	}
	var in struct {
		BudgetName   string
		Notification notification
		Subscribers  json.RawMessage

		ResourceARN                  string
		ResourceTags                 json.RawMessage
		Budget                       struct{ BudgetName string }
		NotificationsWithSubscribers []struct {
			Notification notification
			Subscribers  json.RawMessage
		}
	}
	if json.Unmarshal(body(r), &in) != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := func(budget string, n notification) string { return budget + string(encoded(n)) }
	switch operation {
	case "CreateBudget":
		s.tags[in.Budget.BudgetName] = in.ResourceTags
		for _, n := range in.NotificationsWithSubscribers {
			s.subscribers[key(in.Budget.BudgetName, n.Notification)] = n.Subscribers
		}
	case "CreateNotification":
		s.subscribers[key(in.BudgetName, in.Notification)] = in.Subscribers
	case "DeleteNotification":
		delete(s.subscribers, key(in.BudgetName, in.Notification))
	case "ListTagsForResource":
		answer(w, http.StatusOK, map[string]any{"ResourceTags": s.tags[path.Base(in.ResourceARN)]})
		return true
	case "DescribeSubscribersForNotification":
		answer(w, http.StatusOK, map[string]any{"Subscribers": s.subscribers[key(in.BudgetName, in.Notification)]})
		return true
	}
	return false
}
