package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// savePlots writes the plots of all works that have one beside the report, and
// tells the results what they are called.
func (b *bench) savePlots(results []result) error {
	stem := strings.TrimSuffix(b.resultsPath(), ".md")
	for i := range results {
		r := &results[i]
		if r.work.plot == nil || r.skipped != "" || len(r.samples) == 0 {
			continue
		}
		path := stem + "-" + r.work.id + ".svg"
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("results folder: %w", err)
		}
		if err := os.WriteFile(path, []byte(r.work.plot(*r)), 0o644); err != nil {
			return fmt.Errorf("plot: %w", err)
		}
		r.plot = filepath.Base(path)
	}
	return nil
}
