// Package chart draws lines over an axis, as SVG and as PNG.
//
//	Chart ─► layout ─► scene: panels, grid, lines, texts, in units of the drawing
//	                     ├─► WriteSVG: text stays text; light or dark as the reader's page is
//	                     └─► WritePNG: two pixels a unit, light, on a panel of its own
//
// Both show the same scene, so what is right in one is right in the other. The
// legend stands above the lines and never on them. The same Chart gives the same
// bytes.
//
// Curves and letters of the PNG are filled by golang.org/x/image, in the Go fonts,
// whose license is that of Go itself. (https://go.dev/blog/go-fonts)
package chart
