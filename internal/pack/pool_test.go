package pack

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func anything([]Waiting[int]) bool { return true }

func values(pack []Waiting[int]) []int {
	var all []int
	for _, w := range pack {
		all = append(all, w.Value)
	}
	return all
}

func TestPoolGivesFullPacksFirst(t *testing.T) {
	var p Pool[int]
	for i := range 5 {
		p.Add(Waiting[int]{Value: i, Group: "a", Limit: 3})
	}
	p.Add(Waiting[int]{Value: 9, Group: "b", Limit: 3})
	if got := values(p.Next(false, anything)); !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("first %v", got)
	}
	if got := p.Next(false, anything); got != nil || p.Len() != 3 {
		t.Errorf("while more may come, %v goes; %d wait", values(got), p.Len())
	}
	if got := values(p.Next(true, anything)); !slices.Equal(got, []int{3, 4}) {
		t.Errorf("the rest of the older group: %v", got)
	}
	if got := values(p.Next(true, anything)); !slices.Equal(got, []int{9}) || p.Len() != 0 {
		t.Errorf("the last: %v", got)
	}
	if p.Next(true, anything) != nil {
		t.Error("an empty pool gave a pack")
	}
}

func TestPoolOrder(t *testing.T) {
	var p Pool[int]
	p.Add(Waiting[int]{Value: 1, Group: "a", Lane: 1, Limit: 2})
	p.Add(Waiting[int]{Value: 2, Group: "a", Lane: 1, Limit: 2, Age: 7})
	p.Add(Waiting[int]{Value: 3, Group: "a", Lane: 1, Limit: 2})
	p.Add(Waiting[int]{Value: 4, Group: "a", Lane: 0, Limit: 2})
	p.Add(Waiting[int]{Value: 5, Group: "b", Lane: 1, Limit: 1, Age: 9})
	var got []string
	for p.Len() > 0 {
		got = append(got, fmt.Sprint(values(p.Next(true, anything))))
	}
	if want := []string{"[4]", "[5]", "[2 1]", "[3]"}; !slices.Equal(got, want) {
		t.Errorf("packs %v, want %v", got, want)
	}
}

func TestPoolShrinksToWhatFits(t *testing.T) {
	var p Pool[int]
	for i := range 4 {
		p.Add(Waiting[int]{Value: i, Group: "a", Limit: 4, Input: 100})
	}
	within := func(tokens int) func([]Waiting[int]) bool {
		return func(pack []Waiting[int]) bool {
			sum := 0
			for _, w := range pack {
				sum += w.Input
			}
			return sum <= tokens
		}
	}
	if got := p.Next(true, within(99)); got != nil || p.Len() != 4 {
		t.Errorf("%v fits into nothing", values(got))
	}
	if got := values(p.Next(true, within(250))); !slices.Equal(got, []int{0, 1}) || p.Len() != 2 {
		t.Errorf("%v, %d left", got, p.Len())
	}
	if rest := p.Drain(); len(rest) != 2 || p.Len() != 0 {
		t.Errorf("%d were drained, %d are left", len(rest), p.Len())
	}
}

// Whatever is put in comes out once, in packs of one group, lane and limit that
// are no longer than the limit.
func TestPoolLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p Pool[int]
		in, out := 0, map[int]bool{}
		take := func(pack []Waiting[int]) {
			for _, w := range pack {
				if out[w.Value] {
					t.Fatalf("%d came twice", w.Value)
				}
				out[w.Value] = true
				if w.Group != pack[0].Group || w.Lane != pack[0].Lane || w.Limit != pack[0].Limit || len(pack) > w.Limit {
					t.Fatalf("a pack of %+v", pack)
				}
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "add") {
				p.Add(Waiting[int]{Value: in, Group: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "group"), Lane: rapid.IntRange(0, 2).Draw(t, "lane"),
					Age: rapid.IntRange(0, 3).Draw(t, "age"), Limit: rapid.IntRange(0, 4).Draw(t, "limit")})
				in++
				continue
			}
			most := rapid.IntRange(0, 5).Draw(t, "fits")
			take(p.Next(rapid.Bool().Draw(t, "flush"), func(pack []Waiting[int]) bool { return len(pack) <= most }))
		}
		for pack := p.Next(true, anything); pack != nil; pack = p.Next(true, anything) {
			take(pack)
		}
		if len(out) != in || p.Len() != 0 {
			t.Fatalf("%d of %d came out, %d are left", len(out), in, p.Len())
		}
	})
}
