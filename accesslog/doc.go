// Package accesslog writes one JSON object a line for each Exchange.
//
//	Log(e) ─ encode ─┐                       ┌─ file, reopened after rotation
//	Log(e) ─ encode ─┼─ active buffer ─ Run ─┤    or when it is deleted
//	Log(e) ─ encode ─┘   (mutex, 4 MiB)      └─ stdout, stderr
//
// Log never waits for the sink: it encodes outside the lock, and holds the lock
// only while it copies the line. Run is the only one that writes. It swaps the
// active buffer for the spare one each second, or as soon as 64 KiB wait. When
// the sink is stuck and the active buffer full, lines are dropped and counted;
// when a write fails, the lines it didn't write are dropped and counted, and
// the next flush tries again. Requests notice neither.
//
// With rules (Sample) only some of the lines are written; those that are not cost
// neither encoding nor lock.
//
// Memory is bounded: 4 MiB of active and 4 MiB of spare buffer, the rest of one
// torn line, and one line for each goroutine that encodes at the moment.
//
// A file that somebody deletes takes lines on, but nobody sees them, and its room
// isn't free. Run looks once a second whether that has happened, and then opens
// what is at the path by now. Lines written within that second are lost with the
// file: those of a busy log, for the others are written after the look. A file that
// was renamed keeps its lines until Reopen.
//
// It doesn't rotate, compress or ship files: logrotate and Reopen do.
package accesslog
