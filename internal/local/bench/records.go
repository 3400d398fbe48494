package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// recordBytes is about how long a record's line is.
const recordBytes = 500

// sentences are what customers write, in several languages; %d tells a record
// from every other one.
var sentences = [][]string{
	{"Parcel number %d has not arrived and nobody answers the phone.", "I ordered it three weeks ago and paid for express delivery.",
		"Please tell me where it is, or send my money back by Friday.", "The tracking page has said the same thing for nine days."},
	{"Đơn hàng %d của tôi vẫn chưa tới nơi và không ai trả lời.", "Tôi đã đặt cách đây ba tuần và trả thêm tiền giao nhanh.",
		"Xin cho biết hàng đang ở đâu, hoặc hoàn tiền trước thứ Sáu.", "Cảm ơn shop đã hỗ trợ, mong nhận được phản hồi sớm."},
	{"Meine Bestellung %d ist beschädigt angekommen, die Verpackung war offen.", "Auf der Rechnung steht ein anderer Betrag als vereinbart.",
		"Bitte schicken Sie mir einen Ersatz oder erstatten Sie den Preis.", "Der Fahrer war trotzdem sehr freundlich, vielen Dank dafür."},
	{"La commande %d est arrivée incomplète : il manque deux articles.", "J'ai écrit à votre service la semaine dernière sans réponse.",
		"Je suis déçue, car d'habitude tout se passe très bien chez vous.", "Merci de me rappeler au plus vite pour trouver une solution."},
	{"注文番号%dの商品がまだ届いていません。", "三週間前に速達で注文し、料金も支払いました。", "配送状況のページは九日間まったく変わっていません。",
		"金曜日までに届かない場合は返金をお願いします。"},
}

// writeRecords makes a file of n records, about 500 bytes each: {"id","text"}
// with ids R1 to Rn. Every text is a different one, so that no answer is reused.
func writeRecords(folder string, n int) (string, error) {
	path := filepath.Join(folder, fmt.Sprintf("records-%d.jsonl", n))
	file, err := os.Create(path)
	if err != nil {
		return "", fmt.Errorf("write the records: %w", err)
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for i := 1; i <= n; i++ {
		if err := encoder.Encode(map[string]string{"id": fmt.Sprintf("R%d", i), "text": text(i)}); err != nil {
			return "", fmt.Errorf("write the records: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return "", fmt.Errorf("write the records: %w", err)
	}
	return path, file.Close()
}

// text is that of record i. Its first sentence holds the record's number.
func text(i int) string {
	language := sentences[i%len(sentences)]
	var b strings.Builder
	fmt.Fprintf(&b, language[0], 100_000+i)
	for k := 0; b.Len() < recordBytes-60; k++ {
		b.WriteByte(' ')
		b.WriteString(language[1+(i/len(sentences)+k)%(len(language)-1)])
	}
	return b.String()
}
