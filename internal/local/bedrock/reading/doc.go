// Package reading reads a text the statistical way: no learned weights, only
// word lists, counts and shapes. It is what the local model stands on.
//
//	text ─► words and sentences ─┬─► language      (script, stop words)
//	                             ├─► sentiment     (VADER for English, own lists for others)
//	                             ├─► concepts      (phrases of support, software and news)
//	                             ├─► keywords      (frequency, length, position)
//	                             ├─► entities      (shapes, capitals, small lists of names)
//	                             ├─► likeness      (labels beside the text)
//	                             └─► summary       (the best sentences, word for word)
//
// A [Reader] holds the word lists and is built once; [Reader.Read] gives a
// [Text], which computes each reading when it is first asked for. The same text
// always reads the same. Whatever is called extractive is a part of the source,
// byte for byte.
//
// A text is read as far as [ReadLimit]; what follows counts for its length but
// not for what it says, so that a hostile input costs no more than a long one.
// Everything here runs in time proportional to the text.
package reading
