package apigateway

import (
	"maps"
	"strings"
	"testing"
)

func TestTheMostSpecificRouteTakesARequest(t *testing.T) {
	table, err := readTable(map[string]string{
		"GET /pets/dog/1": "", "GET /pets/dog/{id}": "", "GET /pets/{kind}/{id}": "", "GET /pets/{proxy+}": "", "ANY /pets/dog/{id}": "",
		"ANY /{proxy+}": "", "GET /a/{b+}": "", "POST /": "", "$default": "",
	}, public)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		method, path, key string
		values            map[string]string
	}{
		{"GET", "/pets/dog/1", "GET /pets/dog/1", nil},
		{"GET", "/pets/dog/2", "GET /pets/dog/{id}", map[string]string{"id": "2"}},
		{"PUT", "/pets/dog/1", "ANY /pets/dog/{id}", map[string]string{"id": "1"}},
		{"GET", "/pets/cat/1", "GET /pets/{kind}/{id}", map[string]string{"kind": "cat", "id": "1"}},
		{"GET", "/pets/cat", "GET /pets/{proxy+}", map[string]string{"proxy": "cat"}},
		{"GET", "/pets/cat/1/2//", "GET /pets/{proxy+}", map[string]string{"proxy": "cat/1/2//"}},
		{"GET", "/pets/", "GET /pets/{proxy+}", map[string]string{"proxy": ""}},
		{"GET", "/pets/dog/", "GET /pets/{proxy+}", map[string]string{"proxy": "dog/"}},
		{"GET", "/pets", "ANY /{proxy+}", map[string]string{"proxy": "pets"}},
		{"POST", "/test/5", "ANY /{proxy+}", map[string]string{"proxy": "test/5"}},
		{"GET", "/a/b/c", "GET /a/{b+}", map[string]string{"b": "b/c"}},
		{"GET", "/PETS/dog/1", "ANY /{proxy+}", map[string]string{"proxy": "PETS/dog/1"}},
		{"POST", "/", "POST /", nil},
		{"GET", "/", "$default", nil},
	}
	for _, test := range tests {
		to, values, found := table.find(test.method, test.path)
		if !found || to.key != test.key || !maps.Equal(values, test.values) {
			t.Errorf("%s %s: %s %v", test.method, test.path, to.key, values)
		}
	}
}

func TestWhatIsNoRoute(t *testing.T) {
	for key, why := range map[string]string{
		"": "neither", "GET": "neither", "get /x": "neither", "TRACE /x": "neither", "GET x": "slash", "GET /x/": "slash",
		"GET /{a+}/b": "greedy", "GET /{}": "{}", "GET /x{a}": "{a}", "GET /{a b}": "{a b}", "GET /}": "}",
	} {
		if _, err := New(Config{Routes: map[string]string{key: "f"}}); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v", key, err)
		}
	}
}

func TestPathsThatBeginAsARouteDoes(t *testing.T) {
	api := made(t, Config{}, nil)
	for path, want := range map[string]bool{
		"/requests": true, "/requests/": true, "/requests/a/b/c": true, "/reports": true, "/files/x": true, "/": true,
		"/requestsx": false, "/sluice-local/reports/a": false, "//requests": false, "": true, "*": false,
	} {
		if got := api.Begins(path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
	variable := made(t, Config{Routes: map[string]string{"GET /{a}": "f", "$default": "f"}}, nil)
	if variable.Begins("/") || variable.Begins("/x") {
		t.Error("a variable begins with something")
	}
}

// Whatever the path, what is found matches and what is in the variables is in the
// path.
func FuzzFind(f *testing.F) {
	table, err := readTable(routes, public)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("GET", "/requests/a")
	f.Add("PUT", "/files//..//x?")
	f.Add("GET", "")
	f.Fuzz(func(t *testing.T, method, path string) {
		to, values, found := table.find(method, path)
		if found && to.method != anyMethod && to.method != method {
			t.Errorf("%s took %s", to.key, method)
		}
		for name, value := range values {
			if !strings.Contains(path, value) || !strings.Contains(to.key, "{"+name) {
				t.Errorf("%s %s: %s=%s", method, path, name, value)
			}
		}
	})
}
