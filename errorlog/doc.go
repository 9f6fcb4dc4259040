// Package errorlog is where a program tells what happens to it, in a bounded
// number of lines.
//
//	slog ─ gate ─ text or JSON ─ queue ─ Run ─┬─ file, reopened after rotation
//	        │                   (1 MiB)       │    or when it is deleted
//	        │                                 └─ stderr: where there is no file,
//	        │                                    and while the file fails
//	        └─ what is held back is summed up once a minute
//
// A flood of one failure must not fill the disk, nor hide the others. What is
// alike, by its message and by the attributes that tell causes apart, has ten
// lines a minute, and one when it was more in the minute before. All together
// have 200, errors of other causes 100 beside those, and the first line of each
// message comes in any case. How many lines were held back stands in a line at
// the end of the minute.
//
// Who tells something never waits for the disk while Run runs: lines are put
// into a queue, and when it is full they are dropped and counted. Before Run,
// and after it, lines are written at once. Those from before Open are in both,
// stderr and the file.
//
// A file that somebody deletes takes lines on, but nobody sees them. So before each
// write it is looked whether that has happened, and then what is at the path by now
// is opened. While that is not possible the file fails: stderr has the lines. A file
// that was renamed keeps them until Reopen.
package errorlog
