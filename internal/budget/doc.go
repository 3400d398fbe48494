// Package budget bounds what an environment and each tenant may spend on models
// in a day, UTC. The bound is hard: money is set aside in S3 before it is spent,
// and what is not accounted for counts as spent.
//
//	Purse.Take ─► a piece, mostly without S3 ─► the call ─► Piece.Settle(what it cost)
//	   │ empty                                                │
//	   ▼                                                      ▼
//	Budget.Take ─► lease in budgets/<scope>/<day>.json ◄─ Purse.Close: gives the rest back
//	   └─ does not fit: *Exceeded
//
// A scope is the environment, or a tenant; an object holds a scope's day:
//
//	{"spentUSD": 3.2, "leases": {"<id>": {"usd": 0.05, "expires": "…"}}}
//
// A lease is written with compare-and-swap, so what is spent and what is set
// aside never pass the limit together, however many sandboxes take at the same
// time. It is known by its id, so a write whose response was lost is found to
// have happened. A lease that is never settled, as its process was killed, is
// spent as a whole once it expires. Without an answer of S3 nothing is granted:
// its failure does not open the budget.
//
// A lease belongs to the day on which it was taken. What is taken before
// midnight counts on that day though it may be spent just after it.
//
// A purse serves one invocation: it takes leases in chunks and gives pieces away
// without asking S3, so an invocation costs two writes a scope and not two a
// call. With no limit set, nothing is read or written.
//
// Amounts are list prices of the worst case. A call whose price is not known
// cannot be bounded; whoever has a budget must not make it.
package budget
