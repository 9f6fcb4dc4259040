package server

import (
	"fmt"
	"io/fs"
	"net/netip"
	"reflect"
	"strings"
	"time"

	"sluice/config"
)

// ConfigShown is the configuration in force, with the defaults filled in and
// without secrets, as the admin server gives it as JSON.
type ConfigShown struct {
	File      string           `json:"file"`
	Server    any              `json:"server"`
	Log       any              `json:"log"`
	ACME      any              `json:"acme"`
	Sites     []map[string]any `json:"site"`     // each with "at": where it stands
	Upstreams []map[string]any `json:"upstream"` // the Pools, likewise
}

// Config returns the configuration in force.
func (s *Server) Config() ConfigShown { return shownConfig(s.inForce.Load().cfg) }

func shownConfig(c *config.Config) ConfigShown {
	shown := ConfigShown{
		File:   c.File,
		Server: shownFields(reflect.ValueOf(c.Server)), Log: shownFields(reflect.ValueOf(c.Log)), ACME: shownFields(reflect.ValueOf(c.ACME)),
	}
	at := func(fields map[string]any, line int) map[string]any {
		fields["at"] = fmt.Sprintf("%s:%d", c.File, line)
		return fields
	}
	for i, site := range c.Sites {
		shown.Sites = append(shown.Sites, at(shownFields(reflect.ValueOf(site)), c.SiteLine(i)))
	}
	for _, pool := range c.Pools {
		shown.Upstreams = append(shown.Upstreams, at(shownFields(reflect.ValueOf(pool)), c.PoolLine(pool.Name)))
	}
	return shown
}

// masked stands for what is not shown.
const masked = "***"

// textRules say for each text in a Config how it is shown, by its struct and
// field: a text may be a secret, so one that is not named here is masked.
var textRules = map[string]func(string) string{
	"Server.StateDir": plain, "Server.AdminSocketGroup": plain,
	"LogPlace.File": plain, "Sample.Path": plain, "Sample.Site": plain,
	"ACME.Email": plain, "ACME.Profile": plain,
	"Directory.URL": withoutQuery, "Directory.CARoot": sized, "Directory.EABKeyID": plain,
	"DNS.KeyID": plain, "DNS.Server": plain, "DNS.Algorithm": plain, "DNS.Resolvers": plain,
	"DNS.Command": mask, // its arguments may be credentials
	"Site.Hosts":  plain, "Site.Pool": plain, "Site.HSTS": plain, "Site.IgnoreCookies": plain,
	"CertFiles.Cert": plain, "CertFiles.Key": plain, // paths
	"Limit.Path": plain, "Limit.Methods": plain, "LimitKey.Name": plain,
	"Room.Title": plain,
	"Route.Path": plain, "Route.Pool": plain,
	"Degraded.HTML": sized, "Degraded.JSON": plain,
	"Pool.Name": plain, "Pool.ServersFile": plain,
	"Health.Path": withoutQuery, "Health.Method": plain, "Health.Host": plain, "Health.Body": plain,
	"UpstreamTLS.Name": plain, "UpstreamTLS.CA": sized, "UpstreamTLS.Cert": sized, "UpstreamTLS.Key": mask,
}

func plain(text string) string { return text }

func mask(text string) string {
	if text == "" {
		return ""
	}
	return masked
}

// sized is for what is too long to be shown.
func sized(text string) string {
	if text == "" {
		return ""
	}
	return fmt.Sprintf("%d bytes", len(text))
}

// withoutQuery masks what may be a credential in a URL.
func withoutQuery(url string) string {
	path, _, has := strings.Cut(url, "?")
	if has {
		return path + "?" + masked
	}
	return path
}

// shownFields returns the fields of a struct by their keys.
func shownFields(v reflect.Value) map[string]any {
	fields := make(map[string]any, v.NumField())
	for i := range v.NumField() {
		f := v.Type().Field(i)
		fields[keyOfField(f.Name)] = shownValue(v.Field(i), v.Type().Name()+"."+f.Name)
	}
	return fields
}

// shownValue returns a value as it is shown; field is where it stands.
func shownValue(v reflect.Value, field string) any {
	switch x := v.Interface().(type) {
	case config.Secret:
		return mask(x.String())
	case config.Concurrency:
		return concurrencyShown(x)
	case config.Upstream:
		return upstreamShown(x)
	case fs.FileMode:
		return fmt.Sprintf("%04o", x.Perm())
	case time.Time:
		if x.IsZero() {
			return ""
		}
		return x.Format(time.RFC3339)
	case []byte:
		return shownText(string(x), field)
	case time.Duration, netip.Prefix, config.Address:
		return fmt.Sprint(x)
	}
	switch v.Kind() {
	case reflect.Struct:
		return shownFields(v)
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = shownValue(v.Index(i), field)
		}
		return list
	case reflect.String:
		if v.Type() != reflect.TypeFor[string]() {
			return v.String() // one of a few words
		}
		return shownText(v.String(), field)
	case reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64:
		return v.Interface()
	}
	return masked
}

func shownText(text, field string) string {
	if rule := textRules[field]; rule != nil {
		return rule(text)
	}
	return mask(text)
}

// concurrencyShown writes max_concurrency as the file has it.
func concurrencyShown(c config.Concurrency) any {
	switch {
	case c.Off:
		return "off"
	case c.Most == 0:
		return "auto"
	}
	return c.Most
}

// upstreamShown writes a server as the file has it.
func upstreamShown(u config.Upstream) string {
	text := u.Address()
	if u.Weight != 1 {
		text += fmt.Sprintf(" weight=%d", u.Weight)
	}
	if u.Drain {
		text += " drain=true"
	}
	return text
}
