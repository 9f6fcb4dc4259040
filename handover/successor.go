package handover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// variableSuccessor tells a process that it is to take over from another one,
// and the descriptor of the socket between the two.
const variableSuccessor = "SLUICE_SUCCEEDS"

// Program is how this process was started, as it is started anew. The file may
// be another one by then: that is what an upgrade is.
type Program struct {
	Path string
	Args []string // with the name, as os.Args
}

// thisProgram finds the path now: a relative one, or one that PATH leads to,
// may mean something else later. A link is not followed, because by changing
// where it leads some people put a new version in place.
func thisProgram() Program {
	p := Program{Args: os.Args}
	if path, err := exec.LookPath(os.Args[0]); err == nil {
		if path, err = filepath.Abs(path); err == nil {
			p.Path = path
			return p
		}
	}
	p.Path, _ = os.Executable()
	return p
}

// Socket is a listening socket that is handed over, and what it was bound for.
type Socket struct {
	Key, Address string
	Owned        bool // its file, if it is a Unix socket, is to be removed at the end
	Listener     net.Listener
}

// Successor is a process that is to take over from this one: the same program,
// started anew from its file. It is used by one goroutine.
type Successor struct {
	post    post
	process *os.Process
	version string
	failing bool // it has said so, serves nobody new, and ends
}

// Succeed starts a Successor and gives it copies of the sockets. Its standard
// output and error are ours. What the service manager has told us it is told,
// too.
func (m Manager) Succeed(sockets []Socket) (*Successor, error) {
	if os.Getpid() == 1 {
		return nil, errors.New("this is the first process of its container, which ends with it\nstart a new container instead")
	}
	if m.followed {
		return nil, errors.New("who has started this process takes its end for that of the service, and does not hear of another one\nunder systemd write Type=notify into the unit; in a container start a new one instead; elsewhere restart")
	}
	ours, theirs, err := newPost()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	s := &Successor{post: ours}
	if err := s.start(m, theirs); err != nil {
		ours.conn.Close()
		return nil, err
	}
	if err := s.giveSockets(sockets); err != nil {
		s.End(0)
		return nil, err
	}
	return s, nil
}

// newPost makes both ends of a socket.
func newPost() (ours post, theirs *os.File, err error) {
	syscall.ForkLock.RLock() // no child gets them by chance
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(pair[0])
		syscall.CloseOnExec(pair[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return post{}, nil, os.NewSyscallError("socketpair", err)
	}
	theirs = os.NewFile(uintptr(pair[1]), "to the predecessor")
	file := os.NewFile(uintptr(pair[0]), "to the successor")
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		theirs.Close()
		return post{}, nil, err
	}
	return post{conn.(*net.UnixConn)}, theirs, nil
}

// start starts the process.
func (s *Successor) start(m Manager, theirs *os.File) error {
	cmd := &exec.Cmd{
		Path: m.Program.Path, Args: m.Program.Args,
		Env:        append(os.Environ(), m.forSuccessor()...),
		Stdin:      os.Stdin,
		Stdout:     os.Stdout,
		Stderr:     os.Stderr,
		ExtraFiles: []*os.File{theirs},
	}
	if m.Notifier.On() {
		cmd.SysProcAttr = asSibling()
	}
	if err := cmd.Start(); err != nil {
		return notStarted(m.Program.Path, err)
	}
	s.process = cmd.Process
	// Asks how our child has ended, which nobody else does. It ends with that, or with
	// us, and at once if it is not our child.
	go cmd.Wait()
	return nil
}

// notStarted says why a program cannot be started, and what to do.
func notStarted(path string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) { // it names the path once more
		err = at.Err
	}
	remedy := "put the program there: install -m 755 NEW " + path
	switch {
	case errors.Is(err, syscall.ENOEXEC):
		remedy = "that is no whole program for " + runtime.GOOS + "/" + runtime.GOARCH + ": put the right one there"
	case errors.Is(err, fs.ErrPermission):
		remedy = "let everybody execute it: chmod 755 " + path
	}
	return fmt.Errorf("start %s: %w\n%s", path, err, remedy)
}

// forSuccessor returns the variables that it finds. WATCHDOG_PID and LISTEN_PID
// mean this process, and are not among them.
func (m Manager) forSuccessor() []string {
	env := []string{variableSuccessor + "=" + strconv.Itoa(firstSocket)}
	if m.Notifier.On() {
		env = append(env, "NOTIFY_SOCKET="+m.Notifier.address)
	}
	if m.Watchdog > 0 {
		env = append(env, "WATCHDOG_USEC="+microseconds(m.Watchdog))
	}
	return env
}

// giveSockets hands over copies of the sockets. That of a Listener which has
// failed is left out.
func (s *Successor) giveSockets(sockets []Socket) error {
	var names []socketName
	var copies []int
	defer func() {
		for _, fd := range copies {
			syscall.Close(fd)
		}
	}()
	for _, socket := range sockets {
		fd, err := descriptorOf(socket.Listener)
		if errors.Is(err, net.ErrClosed) {
			continue
		}
		if err != nil {
			return fmt.Errorf("hand over the socket of server.%s: %w", socket.Key, err)
		}
		names, copies = append(names, socketName{Key: socket.Key, Address: socket.Address, Owned: socket.Owned}), append(copies, fd)
	}
	s.post.conn.SetDeadline(time.Now().Add(notifyPatience))
	return s.post.write(letter{Sockets: names}, copies...)
}

// descriptorOf returns a copy of a Listener's descriptor. It is not made by
// File, whose users make the socket block, for us too: that is a property of
// the socket, not of the descriptor.
func descriptorOf(ln net.Listener) (int, error) {
	c, ok := ln.(syscall.Conn)
	if !ok {
		return 0, errors.New("it has no descriptor")
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	var fd uintptr
	var failed syscall.Errno
	err = raw.Control(func(own uintptr) {
		fd, _, failed = syscall.Syscall(syscall.SYS_FCNTL, own, syscall.F_DUPFD_CLOEXEC, 0)
	})
	if err == nil && failed != 0 {
		err = os.NewSyscallError("fcntl", failed)
	}
	return int(fd), err
}

// Prepared waits until the Successor could begin. The error says why it cannot.
func (s *Successor) Prepared(ctx context.Context) error {
	l, err := s.read(ctx)
	if err == nil && l.Prepared == nil {
		err = errors.New("the new process says something else than that it is prepared")
	}
	if err == nil {
		s.version = l.Prepared.Version
	}
	return err
}

// Begin tells the Successor to serve, with what we leave it, and waits until it
// does. We must not accept any more.
func (s *Successor) Begin(ctx context.Context, heritage []byte) error {
	s.post.conn.SetWriteDeadline(time.Now().Add(notifyPatience))
	if err := s.post.write(letter{Go: true, Heritage: heritage}); err != nil {
		return s.explained(ended(err))
	}
	l, err := s.read(ctx)
	if err == nil && !l.Serving {
		err = errors.New("the new process says something else than that it serves")
	}
	return err
}

// Release makes the Successor the main process for the service manager, and
// tells it so. Our own voice counts no more then. The socket between us stays open,
// so that it hears when we end: the Successor has to be kept.
func (s *Successor) Release(n Notifier) error {
	err := n.MainPID(s.PID())
	s.post.conn.SetWriteDeadline(time.Now().Add(notifyPatience))
	return errors.Join(err, s.post.write(letter{Released: true}))
}

// End ends the Successor, which accepts no connection any more when End returns.
// One that has said that it fails ends by itself, and may take so long for what
// it has begun.
func (s *Successor) End(within time.Duration) {
	// What we have started may have started it: then it survives the signal, and
	// would take our silence for our death.
	s.post.conn.SetWriteDeadline(time.Now().Add(notifyPatience))
	s.post.write(letter{Failed: "it was given up"})
	s.post.conn.Close()
	if s.failing && within > 0 {
		time.AfterFunc(within, func() { s.process.Kill() })
		return
	}
	s.process.Kill()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(killPatience); s.lives() && time.Now().Before(deadline); {
		<-tick.C
	}
}

// killPatience bounds how long the kernel may take to end a process.
const killPatience = 5 * time.Second

// lives reports whether the process has not ended. One that has, and nobody has
// asked how, has (proc_pid_stat(5)).
func (s *Successor) lives() bool {
	if s.process.Signal(syscall.Signal(0)) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(s.PID()) + "/stat")
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist) || runtime.GOOS != "linux"
	}
	state := stateOf(string(stat))
	return state != "Z" && state != "X"
}

// PID is the number of its process.
func (s *Successor) PID() int { return s.process.Pid }

// Version is that of the program, once it is Prepared.
func (s *Successor) Version() string { return s.version }

// read waits for a letter until ctx ends.
func (s *Successor) read(ctx context.Context) (letter, error) {
	s.post.conn.SetReadDeadline(time.Time{})
	stop := context.AfterFunc(ctx, func() { s.post.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	l, err := s.post.read()
	switch {
	case err == nil && l.Failed != "":
		s.failing = true
		return l, errors.New(l.Failed)
	case err == nil:
		return l, nil
	case ctx.Err() != nil:
		return l, fmt.Errorf("the new process was not ready in time: %w", context.Cause(ctx))
	}
	return l, s.explained(err)
}

// explained says of an end of the socket what has ended.
func (s *Successor) explained(err error) error {
	if !errors.Is(err, io.EOF) {
		return fmt.Errorf("the new process: %w", err)
	}
	return errors.New("the new process has ended before it was ready\nwhat it said last is on stderr (journalctl -u sluice)")
}
