// Package agenda is the order of events in virtual time. Start reading at
// agenda.go: Agenda.
package agenda
