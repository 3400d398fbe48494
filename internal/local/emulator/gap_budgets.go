package emulator

import (
	"encoding/json"
	"net/http"
	"sync"
)

// subscribers keeps who is told of budgets.
type subscribers struct {
	mu   sync.Mutex
	kept map[string]json.RawMessage
}

// notification is what a budget's notification is known by.
type notification struct {
	NotificationType, ComparisonOperator, ThresholdType string
	Threshold                                           float64
}

func (s *subscribers) fill(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
	operation, is := target(r, "AWSBudgetServiceGateway.")
	if !is {
		return false
	}
	var in struct {
		BudgetName   string
		Notification notification
		Subscribers  json.RawMessage

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
		for _, n := range in.NotificationsWithSubscribers {
			s.kept[key(in.Budget.BudgetName, n.Notification)] = n.Subscribers
		}
	case "CreateNotification":
		s.kept[key(in.BudgetName, in.Notification)] = in.Subscribers
	case "DeleteNotification":
		delete(s.kept, key(in.BudgetName, in.Notification))
	case "DescribeSubscribersForNotification":
		answer(w, http.StatusOK, map[string]any{"Subscribers": s.kept[key(in.BudgetName, in.Notification)]})
		return true
	}
	return false
}
