package kept

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
)

func told(n int) []Told {
	all := make([]Told, n)
	for i := range all {
		all[i] = Told{RequestID: fmt.Sprintf("u1-%d", i), Tenant: "acme", Task: "summarize", TaskVersion: "v", Key: fmt.Sprintf("answers/%d", i),
			Answer: json.RawMessage(fmt.Sprintf(`{"summary":"Chào <%d> & \n"}`, i))}
	}
	return all
}

func TestABundleHoldsWhatEachWasTold(t *testing.T) {
	memory := objectstest.NewMemory()
	store := objects.New(memory, "b")
	all := told(MostBundle)
	key, err := SaveBundle(t.Context(), store, all)
	if err != nil || !strings.HasPrefix(key, BundlePrefix) {
		t.Fatal(key, err)
	}
	if again, err := SaveBundle(t.Context(), store, all); again != key || err != nil {
		t.Errorf("the same again is %s, %v", again, err)
	}
	if other, err := SaveBundle(t.Context(), store, all[1:]); other == key || err != nil {
		t.Errorf("others are %s, %v", other, err)
	}
	bundle, err := LoadBundle(t.Context(), store, key)
	if err != nil || len(bundle) != len(all) {
		t.Fatal(len(bundle), err)
	}
	for _, want := range all {
		got, found := bundle.Find("acme", want.RequestID, want.Key)
		if diff := cmp.Diff(want, got); !found || diff != "" {
			t.Errorf("%s: %s", want.RequestID, diff)
		}
	}
	for _, wrong := range [][3]string{{"evil", "u1-1", "answers/1"}, {"acme", "u1-1", "answers/2"}, {"acme", "u1-2", "answers/1"}} {
		if got, found := bundle.Find(wrong[0], wrong[1], wrong[2]); found {
			t.Errorf("%v is told %+v", wrong, got)
		}
	}
	if _, found := Bundle(nil).Find("acme", "u1-1", "answers/1"); found {
		t.Error("no bundle holds something")
	}
}

func TestABundleThatIsNone(t *testing.T) {
	memory := objectstest.NewMemory()
	store := objects.New(memory, "b")
	if _, err := LoadBundle(t.Context(), store, BundlePrefix+"x"); !errors.Is(err, objects.ErrNotFound) {
		t.Errorf("nothing there: %v", err)
	}
	memory.Set(BundlePrefix+"x", []byte("{\"requestId\":\"r\"}\nnonsense\n"))
	_, err := LoadBundle(t.Context(), store, BundlePrefix+"x")
	if class, _ := fault.Of(err); class != fault.Park {
		t.Errorf("nonsense: class %s, %v", class, err)
	}
	if _, err := SaveBundle(t.Context(), store, []Told{{Key: "answers/x", Answer: json.RawMessage("nonsense")}}); err == nil {
		t.Error("what is no JSON was written")
	}
}
