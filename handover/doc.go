// Package handover is about who holds the sockets. It is what Sluice and the
// service manager that has started it (systemd, or one that speaks like it) say
// to each other: sockets that come to us bound already, that we are ready, what
// we are doing, and that we live.
//
//	systemd ── LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES ──▶ Sockets
//	        ◀── READY, STATUS, RELOADING, STOPPING ────── Notifier
//	        ◀── WATCHDOG, as long as we answer ────────── Watchdog
//
// All of it comes by environment variables (sd_listen_fds(3), sd_notify(3),
// sd_watchdog_enabled(3)). Inherit reads them once and removes them, so that
// programs which we start do not take our sockets and our voice for theirs.
//
// It is also what Sluice says to a process that takes over from it, a Successor:
// the same program, perhaps of a new version, which gets copies of the listening
// sockets and what must not be lost. letter.go has the conversation.
//
// Nothing here is needed to serve: without a service manager there are no
// Sockets, a Notifier tells nobody, and there is no Watchdog.
package handover
