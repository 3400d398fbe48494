// Package pack frames records for a model and takes the frame off the answer.
// It is pure: no network, no clock; randomness is passed in.
//
//	New(question, texts) ─► Call: System = how to read the frame + the task's instruction   (the same for every call of a task)
//	                              User   = {"parameters": {…}, "records": [{"id": "<nonce>", "text": "…"}]}
//	                              Schema = {"answers": [{"id", "answer": the task's schema}]} (constant for a task and parameters)
//	Call.Unframe(what the model said) ─► one answer per record, by id
//
// [Pool] decides which of the records that wait share a call.
//
// Everything that comes from users is inside the one JSON document of the user
// message, so no text can end its record or begin another: quotes and line
// breaks in it are escaped. The ids are new random words in every call, so a
// text cannot name its neighbours, nor can an old answer be replayed. On the way
// back the set of ids must be exactly the one that was sent. An id that was not
// sent, or one that comes twice, means that the model took a text for a part of
// the frame, and answers that are not in the order of their records may have had
// their ids swapped: then nothing of the whole answer is used.
package pack
