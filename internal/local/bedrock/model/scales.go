package model

import (
	"math"
	"strconv"
	"strings"
)

// scale is an enum whose values have an order or a meaning of their own.
type scale struct {
	of purpose // unclear: none; urgency, sentiment, language, replyNeeded (yes or no)
	// at is the place of each option: 0…1 for levels, -1…1 for tones. NaN is
	// the place of "mixed" among tones and of "unknown".
	at []float64
	// codes are the languages of the options.
	codes []string
}

const levelWords = `none 0, minimal 0, trivial 0, lowest 0, very_low 0, p5 0, low 0.15, minor 0.15, p4 0.1, not_urgent 0.1, relaxed 0.1,
	normal 0.4, medium 0.4, moderate 0.4, standard 0.4, average 0.4, p3 0.35, mid 0.4, routine 0.2,
	high 0.7, major 0.7, important 0.6, elevated 0.6, p2 0.65, urgent 0.85, very_high 0.9, severe 0.85, p1 0.9,
	critical 1, emergency 1, blocker 1, highest 1, immediate 0.95, p0 1, thấp 0.15, trung_bình 0.4, cao 0.7, khẩn_cấp 1`

const toneWords = `very_negative -0.9, negative -0.5, slightly_negative -0.3, somewhat_negative -0.3, neg -0.5, bad -0.5, unhappy -0.5,
	angry -0.9, furious -1, frustrated -0.6, dissatisfied -0.5, disappointed -0.5, upset -0.6, critical -0.5, strongly_negative -0.9,
	neutral 0, objective 0, indifferent 0, calm 0, none 0, informational 0, unclear 0, factual 0, neu 0,
	slightly_positive 0.3, somewhat_positive 0.3, positive 0.5, pos 0.5, good 0.5, happy 0.6, satisfied 0.5, pleased 0.6, grateful 0.7,
	excited 0.8, delighted 0.9, enthusiastic 0.9, very_positive 0.9, strongly_positive 0.9,
	tiêu_cực -0.5, trung_tính 0, trung_lập 0, tích_cực 0.5, rất_tiêu_cực -0.9, rất_tích_cực 0.9`

// languageNames has a line per language: code, English name, other names.
const languageNames = `
en,English,eng,en-us,en-gb,englisch,anglais,inglés,tiếng anh
vi,Vietnamese,vie,tiếng việt,vietnamien
de,German,deu,ger,deutsch,allemand
fr,French,fra,fre,français,französisch
es,Spanish,spa,español,spanisch
pt,Portuguese,por,português,pt-br
it,Italian,ita,italiano
nl,Dutch,nld,dut,nederlands
sv,Swedish,swe,svenska
da,Danish,dan,dansk
no,Norwegian,nor,nb,norsk
fi,Finnish,fin,suomi
pl,Polish,pol,polski
cs,Czech,ces,čeština
tr,Turkish,tur,türkçe
id,Indonesian,ind,bahasa indonesia
ro,Romanian,ron,română
hu,Hungarian,hun,magyar
ru,Russian,rus,русский
uk,Ukrainian,ukr,українська
zh,Chinese,zho,chi,zh-cn,zh-tw,中文
ja,Japanese,jpn,日本語
ko,Korean,kor,한국어
ar,Arabic,ara,العربية
fa,Persian,fas
he,Hebrew,heb
el,Greek,ell
hi,Hindi,hin
th,Thai,tha`

// pairs reads "word number, word number".
func pairs(list string) map[string]float64 {
	out := map[string]float64{}
	for _, item := range strings.Split(list, ",") {
		if word, number, ok := strings.Cut(strings.TrimSpace(item), " "); ok {
			out[word], _ = strconv.ParseFloat(number, 64)
		}
	}
	return out
}

// scaleOf recognises an enum that is a scale.
func (v *vocabulary) scaleOf(n *node) scale {
	levels, tones := make([]float64, len(n.options)), make([]float64, len(n.options))
	codes := make([]string, len(n.options))
	var isLevel, isTone, isLanguage, isYes int
	for i, o := range n.options {
		key := strings.Join(nameWords(o.text), "_")
		levels[i], tones[i] = math.NaN(), math.NaN()
		if at, ok := v.levels[key]; ok {
			levels[i] = at
			isLevel++
		}
		if at, ok := v.tones[key]; ok {
			tones[i] = at
			isTone++
		} else if v.mixed[key] {
			isTone++
		}
		if code, ok := v.languages[strings.ToLower(o.text)]; ok {
			codes[i] = code
			isLanguage++
		}
		if key == "yes" || key == "no" || key == "true" || key == "false" {
			isYes++
		}
	}
	total := len(n.options)
	switch {
	case total < 2:
	case isYes >= 2 && isYes >= total-1:
		return scale{of: replyNeeded}
	case isTone >= 2 && (n.means == sentiment || isTone == total) && !(isLevel == total && n.means == urgency):
		return scale{of: sentiment, at: tones}
	case isLevel == total || isLevel >= 2 && n.means == urgency:
		return scale{of: urgency, at: levels}
	case isLanguage == total, isLanguage >= 1 && n.means == language:
		return scale{of: language, codes: codes}
	}
	return scale{}
}

// nearest is the option whose place is nearest to a value.
func (s scale) nearest(value float64) int {
	best, at := math.Inf(1), 0
	for i, place := range s.at {
		if d := math.Abs(place - value); d < best {
			best, at = d, i
		}
	}
	return at
}
