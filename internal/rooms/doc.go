// Package rooms holds no code: its tests keep the rules by which a line of
// Sluice finds its room.
//
//	functions/<name>/  one Lambda: config.go, handler.go, and lambda/main.go (at most 40 lines)
//	events/            what can happen: one event per file, and choreography.json
//	schemas/           what it must look like
//	internal/<noun>/   how it is done, for two or more functions; internal/local/ for one machine
//	cmd/sluice/        the one program that is not a Lambda
//	terraform/         where it runs
//
// Imports run functions, cmd → internal → events → schemas and never back. No
// function knows another, and none knows internal/local. Only internal/consume
// knows the shape of Lambda's event payloads.
package rooms
