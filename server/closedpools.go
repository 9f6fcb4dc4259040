package server

import (
	"slices"

	"sluice/config"
)

// closedPools returns the Pools that nobody is to reach now, because all Sites that
// have them are under maintenance. Critical Routes stay open.
func closedPools(cfg *config.Config, under []MaintenanceStatus) (closed []string) {
	if len(under) == 0 {
		return nil
	}
	for _, p := range cfg.Pools {
		has := func(site config.Site) bool { return serves(site, p.Name) }
		reaches := func(site config.Site) bool {
			if !has(site) {
				return false
			}
			isUnder := slices.ContainsFunc(under, func(m MaintenanceStatus) bool { return m.Site == siteName(site) })
			return !isUnder || slices.ContainsFunc(site.Routes, func(r config.Route) bool {
				return r.Pool == p.Name && r.Class == config.ClassCritical
			})
		}
		if slices.ContainsFunc(cfg.Sites, has) && !slices.ContainsFunc(cfg.Sites, reaches) {
			closed = append(closed, p.Name)
		}
	}
	return closed
}
