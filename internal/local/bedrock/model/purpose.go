package model

import (
	"slices"
	"strings"
	"unicode"

	"sluice/internal/local/bedrock/reading"
)

// purpose is what a property is for.
type purpose int

const (
	unclear purpose = iota
	language
	sentiment
	confidence
	urgency
	replyNeeded
	summary
	title
	reason
	quote
	count
	email
	url
	phone
	date
	clock
	amount
	order
	organisation
	person
	place
	product
	keywords
	points
	actions
	questions
	rating
	label
	reply
	entities
	identity
	offset
)

// vocabulary says what names mean. It is read only.
type vocabulary struct {
	words map[string]purpose
	// ranks orders the purposes when a name has words of several: "order_count"
	// is a count.
	ranks     map[purpose]int
	levels    map[string]float64 // low 0 … critical 1
	tones     map[string]float64 // negative -1 … positive 1
	mixed     map[string]bool
	languages map[string]string // name or code → code
	english   map[string]string // code → English name
	kinds     map[purpose][]reading.Kind
	phrases   map[string]replyPhrases
	common    []*reading.Label // categories of support messages
}

// meanings lists each purpose's words, the most telling purpose first.
var meanings = []struct {
	means purpose
	words string
}{
	{confidence, "confidence probability certainty likelihood confident certain"},
	{count, "count number_of num total_number word_count sentence_count words_count characters_count length"},
	{language, "language lang locale languages language_code iso_language idioma sprache langue"},
	{sentiment, "sentiment tone polarity mood attitude feeling emotion sentiments satisfaction compound"},
	{urgency, "urgency urgent priority severity importance escalate escalation immediate critical"},
	{replyNeeded, "reply_needed needs_reply needs_response requires_response requires_reply response_needed response_required needs_answer requires_action action_required actionable follow_up followup needs_follow_up needs_human is_question"},
	{reason, "reason reasons rationale explanation justification why evidence because reasoning explain"},
	{rating, "rating stars star rate grade nps"},
	{summary, "summary summaries summarize summarise summarization abstract gist overview synopsis tldr brief description recap tóm_tắt tom_tat zusammenfassung résumé resumen digest"},
	{title, "title headline subject heading caption tiêu_đề"},
	{quote, "quote quotes excerpt snippet passage"},
	{email, "email emails e_mail mail email_address email_addresses"},
	{url, "url urls link links website websites uri uris homepage"},
	{phone, "phone phones telephone mobile phone_number phone_numbers tel"},
	{order, "order orders order_number order_numbers order_id invoice invoice_number ticket reference tracking tracking_number order_ids booking"},
	{organisation, "organisation organization organisations organizations org orgs company companies vendor brand brands employer institution"},
	{product, "product products item_name product_name device devices model products_mentioned software"},
	{place, "place places location locations city cities country countries address addresses region loc where"},
	{amount, "amount amounts price prices total money cost costs sum fee value_amount monetary currency_amount"},
	{date, "date dates deadline due due_date when day date_time datetime"},
	{clock, "time times hour"},
	{keywords, "keyword keywords tags tag key_terms terms keyphrases key_phrases phrases themes theme hashtags concepts topics từ_khóa"},
	{points, "points key_points highlights bullets takeaways facts key_facts sentences main_points issues problems insights findings pros cons"},
	{actions, "action actions action_items next_steps steps todos tasks requests todo recommendations"},
	{questions, "question questions"},
	{person, "person persons people name names author customer sender contact customer_name full_name first_name last_name recipient who per"},
	{entities, "entities entity mentions named_entities"},
	{label, "category categories label labels class classes classification topic type intent department team genre queue route area kind subcategory subject_area domain nhãn loại"},
	{reply, "answer reply response text message draft output content body completion result generated greeting answers letter translation translated rewritten comment note trả_lời"},
	{identity, "id identifier"},
	{offset, "start end offset begin position index"},
}

// purpose decides what a node is for by its name, else by its description.
func (v *vocabulary) purpose(n *node) purpose {
	if p, ok := v.words[strings.Join(n.words, "_")]; ok {
		return p
	}
	best := unclear
	consider := func(words []string) {
		for i, w := range words {
			p, ok := v.words[w]
			if i+1 < len(words) {
				if q, pair := v.words[w+"_"+words[i+1]]; pair {
					p, ok = q, true
				}
			}
			if ok && (best == unclear || v.ranks[p] < v.ranks[best]) {
				best = p
			}
		}
	}
	consider(n.words)
	if best == unclear && n.hint != "" {
		words := nameWords(n.hint)
		consider(words[:min(len(words), 12)])
	}
	return best
}

// nameWords parts a property's name, in snake, kebab or camel case, or a phrase.
func nameWords(name string) []string {
	var words []string
	var word strings.Builder
	flush := func() {
		if word.Len() > 0 {
			words = append(words, word.String())
			word.Reset()
		}
	}
	last := ' '
	for _, r := range name {
		if len(words) > 40 {
			break
		}
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
		case unicode.IsUpper(r) && unicode.IsLower(last):
			flush()
			word.WriteRune(unicode.ToLower(r))
		default:
			word.WriteRune(unicode.ToLower(r))
		}
		last = r
	}
	flush()
	return words
}

// has says whether one of the words is in the node's name.
func (n *node) has(words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(n.words, w) })
}

func newVocabulary(r *reading.Reader) *vocabulary {
	v := &vocabulary{
		words: map[string]purpose{}, ranks: map[purpose]int{},
		levels: pairs(levelWords), tones: pairs(toneWords), mixed: map[string]bool{},
		languages: map[string]string{}, english: map[string]string{},
		kinds: map[purpose][]reading.Kind{
			email: {reading.Email}, url: {reading.URL}, phone: {reading.Phone}, date: {reading.Date}, clock: {reading.Time},
			amount: {reading.Amount}, order: {reading.Order}, organisation: {reading.Organisation}, person: {reading.Person},
			place: {reading.Place}, product: {reading.Product},
		},
	}
	for i, m := range meanings {
		v.ranks[m.means] = i
		for _, w := range strings.Fields(m.words) {
			if _, taken := v.words[w]; !taken {
				v.words[w] = m.means
			}
		}
	}
	for _, w := range strings.Fields("mixed both ambivalent conflicted mixed_feelings hỗn_hợp") {
		v.mixed[w] = true
	}
	for _, line := range strings.Split(strings.TrimSpace(languageNames), "\n") {
		names := strings.Split(line, ",")
		v.english[names[0]] = strings.TrimSpace(names[1])
		for _, name := range names {
			v.languages[strings.ToLower(strings.TrimSpace(name))] = names[0]
		}
	}
	v.phrases = newReplyPhrases()
	for _, name := range strings.Fields("billing refund technical account shipping product cancellation complaint praise feature_request question sales security other") {
		v.common = append(v.common, r.Label(name, ""))
	}
	return v
}
