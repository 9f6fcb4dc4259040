package admin

import (
	"testing"
	"time"

	"sluice/leaktest"
)

// patience bounds every wait of these tests.
const patience = 20 * time.Second

// TestMain fails the package when a test leaves a goroutine behind.
func TestMain(m *testing.M) { leaktest.Main(m) }
