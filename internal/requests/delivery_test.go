package requests

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// Reports come twice, late and in any order: what is final stands.
func TestWhatBecameOfAMailConverges(t *testing.T) {
	all := []Delivery{{MessageID: "a", Became: Delivered}, {MessageID: "a", Became: Complained, Reason: "abuse"}, {MessageID: "b", Became: Bounced, Reason: "permanent General"},
		{MessageID: "b", Became: Delivered}, {MessageID: "c", Became: Delivered}}
	for range 50 {
		var s Status
		heard := append(append([]Delivery{}, all...), all...)
		rand.Shuffle(len(heard), func(i, j int) { heard[i], heard[j] = heard[j], heard[i] })
		for _, d := range heard {
			s.Deliver(d)
		}
		if s.Became("a") != Complained || s.Became("b") != Bounced || s.Became("c") != Delivered || s.Became("d") != "" || len(s.Deliveries) != 3 {
			t.Fatalf("%+v", s.Deliveries)
		}
	}
}

func TestDeliveriesAreBoundedAndTheOldListStays(t *testing.T) {
	var s Status
	for i := range mostDeliveries + 10 {
		s.Deliver(Delivery{MessageID: fmt.Sprint(i), Became: Delivered})
	}
	if len(s.Deliveries) != mostDeliveries {
		t.Errorf("%d are kept", len(s.Deliveries))
	}
	before := s
	s.Deliver(Delivery{MessageID: "0", Became: Bounced})
	if before.Became("0") != Delivered || s.Became("0") != Bounced {
		t.Errorf("before %s, now %s", before.Became("0"), s.Became("0"))
	}
}
