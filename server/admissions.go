package server

import (
	"sluice/config"
	"sluice/limiter"
)

// buildAdmissions makes what bounds the Exchanges of each Pool.
func buildAdmissions(pools []config.Pool) map[string]*limiter.Admission {
	built := make(map[string]*limiter.Admission, len(pools))
	for _, p := range pools {
		if p.Concurrency.Off {
			continue
		}
		reserve := p.Reserve
		if reserve == 0 {
			reserve = -1 // none; 0 is for the default
		}
		built[p.Name] = limiter.NewAdmission(limiter.AdmissionOptions{
			Limit: p.Concurrency.Most, Reserve: reserve, MaxWait: p.QueueTimeout,
		})
	}
	return built
}
