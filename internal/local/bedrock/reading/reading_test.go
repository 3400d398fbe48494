package reading

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func newReader(t testing.TB) *Reader {
	t.Helper()
	r, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLanguage(t *testing.T) {
	r := newReader(t)
	for text, want := range map[string]string{
		"":          "und",
		"12345 !!!": "und",
		"The quick brown fox jumps over the lazy dog": "en",
		"unbreakable headphones":                      "en",
		"Tôi không nhận được hàng":                    "vi",
		"toi khong nhan duoc hang":                    "vi",
		"Ich habe das Paket nicht bekommen":           "de",
		"Je n'ai pas reçu le colis":                   "fr",
		"No he recibido el paquete":                   "es",
		"Não recebi a encomenda":                      "pt",
		"Non ho ricevuto il pacco":                    "it",
		"Ik heb het pakket niet ontvangen":            "nl",
		"Jag har inte fått paketet och är ledsen":     "sv",
		"Nie otrzymałem jeszcze paczki":               "pl",
		"Paketi hala almadım, lütfen yardım":          "tr",
		"Я не получил посылку":                        "ru",
		"Я не отримав посилку, дуже прикро її чекати": "uk",
		"我没有收到包裹":                                     "zh",
		"荷物が届きません":                                    "ja",
		"소포를 받지 못했습니다":                                "ko",
		"لم أستلم الطرد":                              "ar",
		"ฉันไม่ได้รับพัสดุ":                           "th",
		"मुझे पार्सल नहीं मिला":                       "hi",
		"我用 iPhone 登录 app 失败":                         "zh",
	} {
		if got := r.Read(text).Language(); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestSentences(t *testing.T) {
	for text, want := range map[string][]string{
		"One. Two! Three?":               {"One.", "Two!", "Three?"},
		"Dr. Smith paid 3.50 today. Ok.": {"Dr. Smith paid 3.50 today.", "Ok."},
		"A line\nanother\r\n\r\nthird":   {"A line", "another", "third"},
		"He said \"stop.\" Then left...": {`He said "stop."`, "Then left..."},
		"你好。再见！":                         {"你好。", "再见！"},
		"1. first item":                  {"1. first item"},
		"":                               nil,
		" \n ":                           nil,
	} {
		var got []string
		for _, s := range sentences(text) {
			got = append(got, text[s.Start:s.End])
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestStemsMeet(t *testing.T) {
	for _, family := range [][]string{{"charge", "charged", "charges", "charging"}, {"refund", "refunds", "refunded"}, {"stop", "stopped", "stopping"}, {"delivery", "deliveries"}, {"box", "boxes"}} {
		for _, word := range family {
			if stem(word) != stem(family[0]) {
				t.Errorf("%s → %s, %s → %s", word, stem(word), family[0], stem(family[0]))
			}
		}
	}
}

func TestEntities(t *testing.T) {
	r := newReader(t)
	text := "Dear Dr. Smith, on 3 March 2026 at 10:30 I paid $49.99 for order #A-10293 at Acme Inc in Berlin with my iPhone 15 Pro. " +
		"Write to jane.doe@example.com, see https://example.com/a?b=1, or call +1 415 555 0199.\n" +
		"Nguyễn Văn An ở Hà Nội đã chuyển 250.000đ ngày 12/10/2026, mã đơn DH123456, gọi 0912 345 678."
	got := map[Kind][]string{}
	for _, e := range r.Read(text).Entities() {
		if text[e.Start:e.End] != e.Text {
			t.Errorf("%q is not at %d", e.Text, e.Start)
		}
		got[e.Kind] = append(got[e.Kind], e.Text)
	}
	for kind, want := range map[Kind][]string{
		Person: {"Smith", "Nguyễn Văn An"}, Date: {"3 March 2026", "ngày 12/10/2026"}, Time: {"10:30"}, Amount: {"$49.99", "250.000đ"},
		Order: {"A-10293", "DH123456"}, Organisation: {"Acme Inc"}, Place: {"Berlin", "Hà Nội"}, Product: {"iPhone 15 Pro"},
		Email: {"jane.doe@example.com"}, URL: {"https://example.com/a?b=1"}, Phone: {"+1 415 555 0199", "0912 345 678"},
	} {
		if !reflect.DeepEqual(got[kind], want) {
			t.Errorf("%s: %q, want %q", kind, got[kind], want)
		}
	}
}

func TestUrgencyAndReply(t *testing.T) {
	r := newReader(t)
	for text, want := range map[string]struct{ urgent, reply bool }{
		"Production is down, we need help immediately!": {true, true},
		"Gấp lắm rồi, xử lý ngay lập tức giúp tôi!":     {true, true},
		"Could you tell me your opening hours?":         {false, true},
		"Thanks, everything works. Great service!":      {false, false},
		"Cảm ơn shop, hàng đẹp lắm":                     {false, false},
	} {
		x := r.Read(text)
		if urgent := x.Urgency() >= 0.35; urgent != want.urgent || x.WantsReply() != want.reply {
			t.Errorf("%q: urgency %.2f, wants a reply %v", text, x.Urgency(), x.WantsReply())
		}
	}
}

func TestChoosePrefersTheLeftOverLabelWithoutSigns(t *testing.T) {
	r := newReader(t)
	labels := []*Label{r.Label("billing", ""), r.Label("hóa đơn", ""), r.Label("Other", "")}
	if c := r.Read("zzz qqq").Choose(labels); c.Index != 2 || c.Confidence > 0.5 {
		t.Errorf("%+v", c)
	}
	if c := r.Read("Sai hoá đơn rồi").Choose(labels[1:]); c.Index != 0 {
		t.Errorf("%+v", c)
	}
}

func TestLabelsOutsideTheLists(t *testing.T) {
	r := newReader(t)
	labels := []*Label{r.Label("astronomy", "stars, planets and telescopes"), r.Label("gardening", ""), r.Label("cookingRecipes", "")}
	for text, want := range map[string]int{
		"The telescope showed the planets clearly.": 0,
		"My garden needs water, gardeners say.":     1,
		"This recipe needs more salt.":              2,
	} {
		if c := r.Read(text).Choose(labels); c.Index != want {
			t.Errorf("%q: %s", text, labels[c.Index].Name)
		}
	}
}

func TestClip(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{
		{"hello world", 5, "hello"}, {"hello world", 8, "hello"}, {"hello world", 11, "hello world"}, {"hello", 0, ""},
		{"Tiếng Việt đẹp", 10, "Tiếng Việt"}, {"abcdefghij", 4, "abcd"}, {"你好世界", 2, "你好"},
	} {
		if got := Clip(c.text, c.n); got != c.want {
			t.Errorf("%q to %d: %q, want %q", c.text, c.n, got, c.want)
		}
	}
}

// Every reading of any text holds to its promises.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"", "a", "Hi, I am Jane. Call 0912 345 678!", "không\u0300 \xff\xfe", "....", "“Quoted.” Mr. X. 1. 2.", "退款。ありがとう", "#A-1 $1 @ a@b.co www."} {
		f.Add(s)
	}
	r := newReader(f)
	label := r.Label("billing", "money")
	f.Fuzz(func(t *testing.T, text string) {
		x := r.Read(text)
		for _, limit := range []Limit{{}, {Characters: 10}, {Sentences: 1, Words: 3}} {
			s := x.Summary(limit)
			if !strings.Contains(text, s) || limit.Characters > 0 && utf8.RuneCountInString(s) > limit.Characters {
				t.Fatalf("summary %q of %q", s, text)
			}
		}
		for _, e := range x.Entities() {
			if x.Read[e.Start:e.End] != e.Text {
				t.Fatalf("entity %q", e.Text)
			}
		}
		if s := x.Sentiment().Score; s < -1 || s > 1 || s != s {
			t.Fatalf("tone %v", s)
		}
		if u := x.Urgency(); u < 0 || u > 1 {
			t.Fatalf("urgency %v", u)
		}
		if c := x.Choose([]*Label{label}); c.Index != 0 || c.Confidence < 0 || c.Confidence > 1 {
			t.Fatalf("%+v", c)
		}
		_, _, _, _ = x.Keywords(9), x.KeySentences(2), x.Evidence(label), x.Title(20)
		if x.Language() == "" {
			t.Fatal("no language")
		}
	})
}
