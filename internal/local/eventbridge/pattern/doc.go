// Package pattern matches events against EventBridge event patterns.
//
// Compile reads a pattern once and turns it into branches: a pattern without
// "$or" is one branch, and every "$or" multiplies them. A branch is a tree of
// field names whose leaves hold the accepted values (exact ones and operators:
// prefix, suffix, equals-ignore-case, wildcard, anything-but, numeric, cidr,
// exists). Match walks the tree beside the decoded event and answers true as
// soon as one branch holds.
//
// Arrays in an event match as AWS does it: an array of plain values matches if
// any of them does, and conditions on several fields of an array of objects
// must be met by one and the same object. "exists": false looks at the object
// that an earlier condition (by field name) has singled out, or at the whole
// array when none has.
//
// Patterns look at few fields of an event. Fields gathers those of many patterns, and
// decodes nothing else of an event whose syntax has been checked.
//
// What is wrong with a pattern is told in AWS's own words, as far as they are
// public, with line and column.
//
// The package is pure: no clock, no goroutines, no globals that change. A
// compiled Pattern may be used by many goroutines at once.
package pattern
