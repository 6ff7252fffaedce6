// Package backup writes a copy of a database to a new file, whole or not at
// all. It knows nothing of what it copies, and never overwrites what is there.
//
// Start reading at Write.
package backup
