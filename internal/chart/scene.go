package chart

// A scene is a drawing in units of its own, from the top left corner.
type scene struct {
	width, height float64
	panels        []panel
	strokes       []stroke
	texts         []text
}

// ink names a color; light and dark have their own of each.
type ink string

// The inks.
const (
	paper  ink = "paper"
	edge   ink = "edge"
	grid   ink = "grid"
	axis   ink = "axis"
	strong ink = "strong" // titles
	weak   ink = "weak"   // everything else that is written
)

// lineInks are the inks of the lines, in their order. They are told apart by
// people who see no red or no green too.
// (https://jfly.uni-koeln.de/color/)
func lineInks() [mostLines]ink { return [mostLines]ink{"line1", "line2", "line3", "line4"} }

// tone is an ink's color on a light and on a dark page.
type tone struct{ light, dark string }

func tones() map[ink]tone {
	return map[ink]tone{
		paper: {"#ffffff", "#15191f"}, edge: {"#d0d7de", "#3a424d"}, grid: {"#e6e9ed", "#2a313a"}, axis: {"#8b949e", "#7d8793"},
		strong: {"#1b1f24", "#f0f3f6"}, weak: {"#4d5662", "#b4bdc8"},
		"line1": {"#0072b2", "#56b4e9"}, "line2": {"#d55e00", "#f5a742"}, "line3": {"#6a5acd", "#c3a6ff"}, "line4": {"#009e73", "#3fd0a5"},
	}
}

// panel is a filled shape: with corners, or else a rectangle with round ones.
type panel struct {
	fill          ink
	faint         bool // tinted, not covered
	corners       []Point
	width, height float64
	round         float64
}

// stroke is a drawn line.
type stroke struct {
	ink    ink
	points []Point
	width  float64
	dashed bool
}

// dash is the length of a dash and of the gap after it, in widths of the line.
const (
	dashOn  = 3.0
	dashOff = 2.5
)

// anchor is the place of a text that its position means.
type anchor string

// The anchors, as SVG names them.
const (
	start  anchor = "start"
	middle anchor = "middle"
	end    anchor = "end"
)

// text is one line of letters; y is its baseline.
type text struct {
	said   string
	at     Point
	size   float64
	ink    ink
	anchor anchor
	bold   bool
}
