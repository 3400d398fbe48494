package model

import (
	"fmt"
	"strings"

	"sluice/internal/local/bedrock/reading"
)

// replyPhrases are the few sentences that a reply is made of.
type replyPhrases struct {
	thanks, asks, says, points, empty, signature string
}

func newReplyPhrases() map[string]replyPhrases {
	return map[string]replyPhrases{
		"en": {"Thank you for your message.", "You ask: “%s”", "You write: “%s”", "Main points: %s.", "The message is empty.", "(Draft by the local statistical model.)"},
		"vi": {"Cảm ơn bạn đã liên hệ.", "Bạn hỏi: “%s”", "Bạn viết: “%s”", "Ý chính: %s.", "Tin nhắn trống.", "(Bản nháp của mô hình thống kê cục bộ.)"},
		"de": {"Danke für Ihre Nachricht.", "Sie fragen: „%s“", "Sie schreiben: „%s“", "Kernpunkte: %s.", "Die Nachricht ist leer.", "(Entwurf des lokalen statistischen Modells.)"},
		"fr": {"Merci pour votre message.", "Vous demandez : « %s »", "Vous écrivez : « %s »", "Points principaux : %s.", "Le message est vide.", "(Brouillon du modèle statistique local.)"},
		"es": {"Gracias por su mensaje.", "Usted pregunta: «%s»", "Usted escribe: «%s»", "Puntos principales: %s.", "El mensaje está vacío.", "(Borrador del modelo estadístico local.)"},
		"pt": {"Obrigado pela sua mensagem.", "Você pergunta: “%s”", "Você escreve: “%s”", "Pontos principais: %s.", "A mensagem está vazia.", "(Rascunho do modelo estatístico local.)"},
		"it": {"Grazie per il messaggio.", "Lei chiede: “%s”", "Lei scrive: “%s”", "Punti principali: %s.", "Il messaggio è vuoto.", "(Bozza del modello statistico locale.)"},
		"nl": {"Bedankt voor uw bericht.", "U vraagt: “%s”", "U schrijft: “%s”", "Hoofdpunten: %s.", "Het bericht is leeg.", "(Concept van het lokale statistische model.)"},
		"ru": {"Спасибо за ваше сообщение.", "Вы спрашиваете: «%s»", "Вы пишете: «%s»", "Главное: %s.", "Сообщение пустое.", "(Черновик локальной статистической модели.)"},
		"zh": {"感谢您的来信。", "您问：“%s”", "您写道：“%s”", "要点：%s。", "消息为空。", "（本地统计模型草稿）"},
		"ja": {"ご連絡ありがとうございます。", "ご質問：「%s」", "ご連絡内容：「%s」", "要点：%s。", "メッセージが空です。", "（ローカル統計モデルによる下書き）"},
		"ko": {"문의해 주셔서 감사합니다.", "질문: “%s”", "내용: “%s”", "요점: %s.", "메시지가 비어 있습니다.", "(로컬 통계 모델의 초안)"},
	}
}

// reply answers a text in its language: it restates the key sentence and
// points and says what it is. It never claims to know more. For bare, it is the
// content alone, without thanks.
func (m *Model) reply(t *reading.Text, p *parameters, bare bool) string {
	code := t.Language()
	if p != nil && p.language != "" {
		if known, ok := m.vocab.languages[p.language]; ok {
			code = known
		}
	}
	words, ok := m.vocab.phrases[code]
	if !ok {
		words = m.vocab.phrases["en"]
	}
	key := t.Summary(reading.Limit{Characters: 200, Sentences: 1})
	if key == "" {
		return words.empty + " " + words.signature
	}
	var parts []string
	if !bare {
		parts = append(parts, words.thanks)
	}
	restate := words.says
	if questions := t.Questions(); len(questions) > 0 {
		restate = words.asks
		key = reading.Clip(t.Slice(questions[0]), 200)
	}
	parts = append(parts, fmt.Sprintf(restate, key))
	if points := t.Keywords(4); len(points) > 1 {
		parts = append(parts, fmt.Sprintf(words.points, strings.Join(points, ", ")))
	}
	answer := strings.Join(append(parts, words.signature), " ")
	if p != nil && p.words > 0 {
		answer = reading.FirstWords(answer, p.words)
	}
	return answer
}

// plain answers without a schema, record by record.
func (m *Model) plain(in input) string {
	parts := make([]string, 0, len(in.records))
	for i, r := range in.records {
		p := &in.parameters
		if r.parameters != nil {
			p = r.parameters
		}
		answer := m.reply(m.reader.Read(r.text), p, false)
		if in.packed && len(in.records) > 1 {
			name := r.id
			if name == "" {
				name = fmt.Sprint(i + 1)
			}
			answer = name + ": " + answer
		}
		parts = append(parts, answer)
	}
	return strings.Join(parts, "\n")
}
