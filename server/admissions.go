package server

import (
	"sluice/config"
	"sluice/limiter"
)

// buildAdmissions makes what bounds the Exchanges of each Pool. One that has not
// changed goes on, with those who wait in it and what it knows of the Pool.
func buildAdmissions(pools []config.Pool, before *generation) map[string]*limiter.Admission {
	built := make(map[string]*limiter.Admission, len(pools))
	for _, p := range pools {
		if p.Concurrency.Off {
			continue
		}
		was, _ := before.cfg.Pool(p.Name)
		if same := before.admissions[p.Name]; same != nil &&
			was.Concurrency == p.Concurrency && was.Reserve == p.Reserve && was.QueueTimeout == p.QueueTimeout {
			built[p.Name] = same
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
