// Package links makes and opens the signed public routes that stand in mails.
//
//	mail ─► https://api.example.com/reports/<token>      ─► a fresh presigned URL of the report
//	     └► https://api.example.com/unsubscribe/<token>  ─► one-click unsubscribe (RFC 8058)
//
// Whoever holds a token may do the one thing that it names, without signing in:
// a presigned URL in a mail would die with the credentials of the role that
// signed it. So a token names as little as possible: a tenant and an upload, or
// the key of a suppression, never an address.
//
// # A token
//
// Base64url without padding of
//
//	version (1 byte) · kind (1) · expiry (8, Unix seconds, 0: none) · length of tenant (1) · tenant · subject · HMAC-SHA256 (32)
//
// The HMAC covers everything before it and is made under a key that is derived
// from the secret for this purpose alone, so that what is signed elsewhere with
// the same secret never opens here.
package links
