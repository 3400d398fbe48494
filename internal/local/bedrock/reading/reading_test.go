package reading

import (
	"fmt"
	"testing"
)

func TestTry(t *testing.T) {
	r, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{
		"Hello, I was charged twice for order #A-10293 on 3 March 2026. Please refund $49.99 to my card. My e-mail is jane.doe@example.com, phone +1 415 555 0199. Regards, Jane Doe, Acme Inc.",
		"Đơn hàng DH123456 của tôi đã 10 ngày chưa giao, tôi rất thất vọng. Vui lòng kiểm tra giúp. Nguyễn Văn An, Hà Nội, 0912 345 678.",
		"App rất mượt, nhân viên hỗ trợ nhiệt tình. Cảm ơn shop!",
		"toi khong dang nhap duoc tai khoan, quen mat khau roi",
		"The new update is fantastic, I love the dark mode. Great job team!",
		"Would be great if you could add export to Excel.",
		"Das Paket ist beschädigt angekommen und ich möchte mein Geld zurück.",
		"この商品は素晴らしいです。ありがとう。", "快递太慢了，我要退款。", "Bonjour, je n'ai jamais reçu mon colis.",
		"App crashes every time I open settings on my iPhone 15 Pro. URGENT!!", "The meeting is at 10:30 in Berlin with Dr. Schmidt.",
		"How do I change my password?",
	} {
		x := r.Read(s)
		fmt.Println("---", s)
		fmt.Println(x.Language(), x.Sentiment().Label(), fmt.Sprintf("%.2f", x.Sentiment().Score), "urg", fmt.Sprintf("%.2f", x.Urgency()), "reply", x.WantsReply())
		fmt.Println("  sum:", x.Summary(Limit{Characters: 120}), "| title:", x.Title(0), "| kw:", x.Keywords(5))
		for _, e := range x.Entities() {
			fmt.Printf("  %s=%q", e.Kind, e.Text)
		}
		fmt.Println()
		var ls []*Label
		for _, n := range []string{"billing", "technical", "account", "shipping", "complaint", "praise", "refund", "bug", "feature_request", "question", "other"} {
			ls = append(ls, r.Label(n, ""))
		}
		c := x.Choose(ls)
		fmt.Println("  label:", ls[c.Index].Name, fmt.Sprintf("%.2f %.2f", c.Score, c.Confidence))
	}
}
