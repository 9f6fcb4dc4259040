package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"sluice/config"
	"sluice/demo"
	"sluice/server"
)

func demoCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "demo",
		Short: "Run Sluice before three sample upstreams and see it fail over",
		Long: `Run Sluice with a self-signed certificate before three sample upstreams, all
in this process, and print what to try. The samples can be told to be slow, to
fail and to die. Everything listens on loopback addresses only. ^C ends it.`,
		Example: `  sluice demo
  sluice demo --https 127.0.0.1:0 --http 127.0.0.1:0     on free ports`,
		Args: cobra.NoArgs,
	}
	https := c.Flags().String("https", "127.0.0.1:8443", "where to listen with TLS; port 0 takes a free one")
	http := c.Flags().String("http", "127.0.0.1:8080", "where to listen in plain; port 0 takes a free one")
	c.RunE = func(c *cobra.Command, _ []string) error { return runDemo(c, *https, *http) }
	return c
}

// runDemo serves the demo until a signal.
func runDemo(c *cobra.Command, https, http string) error {
	d, err := demo.New()
	if err != nil {
		return err
	}
	cfg, err := config.Parse("demo.toml", []byte(d.Config(https, http)))
	if err != nil {
		return err
	}
	s, err := server.New(cfg, nil)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := s.Listen(ctx); err != nil {
		return fmt.Errorf("%w\nor choose other ports: sluice demo --https 127.0.0.1:0 --http 127.0.0.1:0", err)
	}
	url := "https://" + s.HTTPS().String() + "/"
	if err := d.Visit(url); err != nil {
		s.Close()
		return err
	}
	samples := make(chan error, 1)
	go func() { samples <- d.Run(ctx) }()
	d.Banner(c.OutOrStdout(), url, "http://"+s.Admin().String()+"/")
	err = s.Run(ctx)
	stop()
	if failed := <-samples; err == nil {
		err = failed
	}
	return err
}
