package demo

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
)

// Demo is the samples and their control.
type Demo struct {
	// Fixed after New.
	samples  []*Sample
	listener net.Listener // of the control

	visitor atomic.Pointer[visitor]
}

// New binds the sockets of three samples and of the control, all on loopback
// and on free ports. They last until Run ends.
func New() (*Demo, error) {
	d := &Demo{}
	if err := d.acquire(); err != nil {
		d.release()
		return nil, err
	}
	return d, nil
}

func (d *Demo) acquire() (err error) {
	for _, name := range []string{"one", "two", "three"} {
		s, err := newSample(name)
		if err != nil {
			return err
		}
		d.samples = append(d.samples, s)
	}
	if d.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return fmt.Errorf("control: %w", err)
	}
	return nil
}

// release gives back what acquire took.
func (d *Demo) release() {
	for _, s := range d.samples {
		s.close()
	}
	if d.listener != nil {
		d.listener.Close()
	}
	if v := d.visitor.Load(); v != nil {
		v.close()
	}
}

// Addrs returns the addresses of the samples.
func (d *Demo) Addrs() []string {
	var addresses []string
	for _, s := range d.samples {
		addresses = append(addresses, s.address)
	}
	return addresses
}

// Control returns the URL of the control page.
func (d *Demo) Control() string { return "http://" + d.listener.Addr().String() + "/" }

// Sample returns the sample of that name, nil if there is none.
func (d *Demo) Sample(name string) *Sample {
	for _, s := range d.samples {
		if s.name == name {
			return s
		}
	}
	return nil
}

// Visit tells the control page where the proxy is, so that it can show who
// answers there. It must be a URL on loopback. It may be called at any time.
func (d *Demo) Visit(proxyURL string) error {
	v, err := newVisitor(proxyURL)
	if err != nil {
		return err
	}
	if old := d.visitor.Swap(v); old != nil {
		old.close()
	}
	return nil
}

// Run serves until ctx ends and returns when everything has been closed. It
// can be called once. (Its error is always nil today.)
func (d *Demo) Run(ctx context.Context) error {
	var samples sync.WaitGroup
	for _, s := range d.samples {
		samples.Go(func() { s.run(ctx) })
	}
	control := newLife(d.listener, d.control())
	control.begin()
	<-ctx.Done()
	control.stop()
	samples.Wait()
	d.release()
	return nil
}
