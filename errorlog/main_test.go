package errorlog

import (
	"testing"

	"sluice/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }
