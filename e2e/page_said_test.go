package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"sluice/certs"
	"sluice/certs/dnsapi"
	"sluice/config"
	"sluice/server"
)

// refused is what config says of a file.
func refused(t *testing.T, text string) string {
	t.Helper()
	_, err := config.Parse("/etc/sluice/sluice.toml", []byte(text))
	if err == nil {
		t.Fatalf("%q is right", text)
	}
	return err.Error()
}

// What Sluice says in English stands in Chinese on the page, with the values in it as
// they are.
func TestPageTellsReasonsInChinese(t *testing.T) {
	t.Parallel()
	const site = "\n[[site]]\nhosts = [\"shop.example.com\"]\nupstream = \"127.0.0.1:8080\"\n"
	const ca = "https://acme-v02.api.letsencrypt.org/directory"
	date := time.Date(2026, 12, 1, 20, 0, 0, 0, time.UTC).Local().Format("2006-01-02 15:04")
	order := func(step, kind string, cause error) string {
		return (&certs.OrderError{Directory: ca, Step: step, Type: kind, Cause: cause}).Error()
	}
	record := dnsapi.Record{Name: "_acme-challenge.shop.example.com"}
	b := openTab(t, "zh-CN")
	b.open(newStage(t).url)
	b.says(2*patience, "#title", "一切正常")
	for _, tt := range []struct{ said, want, short string }{
		{"not valid before 2026-12-01 20:00 UTC; not issued for a.example.com: it carries b.example.com, c.example.com",
			date + " 起才有效；证书不包含 a.example.com，只包含 b.example.com, c.example.com", "="},
		{"not issued for a.example.com: it carries no names", "证书不包含 a.example.com，其中没有任何域名", "="},
		{`the chain is incomplete: the certificate of the issuer "R11" is missing, and clients that do not know it already will refuse the leaf; append it to the file (often called fullchain)`,
			`证书链不完整：缺少签发者 "R11" 的证书，请把它追加到证书文件（即 fullchain）`, "="},
		{(&certs.LoadError{Path: "/etc/ssl/shop.pem", Cause: errors.New("holds no PEM certificate")}).Error(), "文件 /etc/ssl/shop.pem：里面没有 PEM 格式的证书", "="},
		{(&certs.LoadError{Path: "/etc/ssl/shop.pem", Cause: errors.New("permission denied")}).Error(), "文件 /etc/ssl/shop.pem：没有权限", "="},
		{order("prove control of the name", "connection", errors.New("http-01: 203.0.113.9: Timeout; it may be a firewall")),
			"acme-v02.api.letsencrypt.org：验证域名失败：CA 连不上本机（http-01: 203.0.113.9: Timeout; it may be a firewall）", "CA 连不上本机"},
		{order("order", "rateLimited", errors.New("too many certificates")), "acme-v02.api.letsencrypt.org：提交申请失败：CA 限制了申请频率（too many certificates）", "CA 限制了申请频率"},
		{order("order", "new", errors.New("words")), "acme-v02.api.letsencrypt.org：提交申请失败：new: words", "提交申请失败：new: words"},
		{order("register the account", "", errors.New("no answer: dial tcp: lookup acme-v02.api.letsencrypt.org: no such host")),
			"acme-v02.api.letsencrypt.org：注册账户失败：CA 没有应答（dial tcp: lookup acme-v02.api.letsencrypt.org: no such host）", "CA 没有应答"},
		{order("order", "", errors.New("HTTP status 502 without an explanation")), "acme-v02.api.letsencrypt.org：提交申请失败：CA 返回 HTTP 502，没有说明原因", "CA 返回 HTTP 502，没有说明原因"},
		{order("set the DNS record", "", &dnsapi.Error{Provider: "dnspod", Action: "add", Record: record, Code: "AuthFailure.SignatureFailure", Cause: errors.New("The provided credentials could not be validated.")}),
			"acme-v02.api.letsencrypt.org：设置 DNS 记录失败：dnspod 无法添加 TXT 记录 _acme-challenge.shop.example.com：AuthFailure.SignatureFailure: The provided credentials could not be validated.",
			"dnspod 无法添加 TXT 记录 _acme-challenge.shop.example.com：AuthFailure.SignatureFailure: The provided credentials could not be validated."},
		{order("wait until the DNS shows the record", "", &dnsapi.FinderError{Name: record.Name, Cause: errors.New("not seen everywhere within 5m0s: ns1: has no TXT record of the name")}),
			"acme-v02.api.letsencrypt.org：等待 DNS 记录生效失败：_acme-challenge.shop.example.com：5m0s 内未在所有 DNS 服务器生效（ns1: has no TXT record of the name）",
			"_acme-challenge.shop.example.com：5m0s 内未在所有 DNS 服务器生效"},
		{"not ordered here: locked by another process (process 42)", "不由本进程申请：进程 42 正在负责", "="},
		{"since 2026-12-01 20:00 UTC: write /var/lib/sluice/certs/probe: no space left on device", "自 " + date + " 起：write /var/lib/sluice/certs/probe：磁盘空间已满", "="},
		{refused(t, "[server]\nhtps = \":443\""+site), `/etc/sluice/sluice.toml:2: server.htps：未知的键；可能是 "https"`, "="},
		{refused(t, "[server]\nmax_connections = \"many\"\nheader_timeout = \"10\""+site),
			"/etc/sluice/sluice.toml:2: server.max_connections：应为整数，而不是字符串；请写 max_connections = 0；/etc/sluice/sluice.toml:3: server.header_timeout：\"10\" 不是时长；请写数字和单位（ms、s、m、h、d），例如 \"10s\"", "="},
		{refused(t, "\n[[site]]\nhosts = [\"shop.example.com\"]\nupstream = \"ap\"\n[upstream.app]\nservers = [\"127.0.0.1:8080\"]\n"),
			`/etc/sluice/sluice.toml:4: site.upstream：没有名为 "ap" 的上游池；可能是 "app"`, "="},
		{refused(t, "[[site]]\nhosts = [\"shop.example.com\"]\nupstream = \"app\"\n"),
			`/etc/sluice/sluice.toml:3: site.upstream：没有名为 "app" 的上游池；请写 [upstream.app] 及其 servers，或写带端口的地址，例如 "app:8080"`, "="},
		{refused(t, "[server]\nhttps = “:443”"+site), `/etc/sluice/sluice.toml:2：TOML 语法错误：'“' 是全角字符；请改为 "`, "="},
		{refused(t, site+"[[site.route]]\npath = \"/a/\"\nupstream = \"127.0.0.1:8080\"\n[site.degraded]\nhtml = \"none.html\"\n"),
			`/etc/sluice/sluice.toml:9: site.degraded.html："/etc/sluice/none.html" 无法读取：文件或目录不存在；请写当前用户可读的文件；相对路径以本文件所在目录为准`, "="},
		{refused(t, site+"redirect = false\nhsts = \"x\"\nredirect = true\n"),
			"/etc/sluice/sluice.toml:6: site.hsts：\"x\" 不是时长；请写数字和单位（ms、s、m、h、d），例如 \"10s\"；/etc/sluice/sluice.toml:7: site.redirect：重复，第 5 行已有；请只保留一处", "="},
		{"/etc/sluice/sluice.toml:2: server.https: listen on :443: listen tcp :443: bind: address already in use\nanother program has port 443: stop it (ss -ltnp shows which), or write another server.https",
			"/etc/sluice/sluice.toml:2: server.https：无法监听 :443：listen tcp :443: bind：端口已被占用；另一程序占用了端口 443：请停止它（ss -ltnp 可查看），或改写 server.https", "="},
		{"resolve app.internal: lookup app.internal on 127.0.0.53:53: no such host", "resolve app.internal: lookup app.internal on 127.0.0.53:53：域名不存在", "="},
		{"what nobody has heard of: {a}; [b]", "what nobody has heard of: {a}; [b]", "="},
	} {
		if tt.short == "=" {
			tt.short = tt.want
		}
		said, err := json.Marshal(tt.said)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		b.run(fmt.Sprintf("import('/page/said.js').then(({ said }) => [said(%s), said(%s, true)])", said, said), &got)
		if len(got) != 2 || got[0] != tt.want || got[1] != tt.short {
			t.Errorf("%q:\n got %q\nwant %q", tt.said, got, []string{tt.want, tt.short})
		}
	}
}

// uncertified is the status of Sites whose certificates cannot be had, and of a
// configuration that was refused.
func uncertified() server.Status {
	s := calm()
	now := time.Now()
	const (
		refused = "acme-v02.api.letsencrypt.org: prove control of the name: connection: http-01: 203.0.113.9: Fetching http://shop.example.com/.well-known/acme-challenge/VJ1cY0H1Z6yEJ6vQGm0wq3tq4mN0Xw: Timeout during connect (likely firewall problem)"
		open    = "let the Internet reach this machine on ports 80 and 443, also in the cloud's firewall; where that cannot be, set acme.challenge = \"dns-01\""
		short   = "the chain is incomplete: the certificate of the issuer \"R11\" is missing, and clients that do not know it already will refuse the leaf; append it to the file (often called fullchain)"
		mistake = "/etc/sluice/sluice.toml:12: site.upstrem: unknown key; did you mean \"upstream\"?"
	)
	s.Problems = []server.Problem{
		{Level: server.LevelError, Code: "certificate_missing", Params: map[string]string{"names": "shop.example.com", "why": refused}, Text: "There is no certificate for shop.example.com: " + refused + ".", Remedy: open},
		{Level: server.LevelWarn, Code: "certificate_unfit", Params: map[string]string{"names": "api.example.com", "file": "/etc/ssl/api.pem", "why": short}, Text: "Clients may refuse it.", Remedy: "put a new one in the place of /etc/ssl/api.pem; Sluice loads it by itself"},
		{Level: server.LevelWarn, Code: "reload_refused", Params: map[string]string{"file": "/etc/sluice/sluice.toml", "why": mistake}, Text: "The configuration file could not be put in force.", Remedy: "sluice check says all that is wrong with it"}}
	s.Config.Failed = mistake
	s.Certificates = append(s.Certificates, server.CertificateStatus{Names: []string{"shop.example.com"}, Failure: refused, Remedy: open},
		server.CertificateStatus{Names: []string{"api.example.com"}, Issuer: "R11", Warnings: []string{short}, NotAfter: now.Add(62 * 24 * time.Hour)})
	s.Events = append([]server.Event{
		{Time: now, Level: server.LevelError, Code: "certificate_failed", Params: map[string]string{"names": "shop.example.com", "why": refused}, Text: "There is no new certificate.", Times: 3},
		{Time: now, Level: server.LevelError, Code: "reload_refused", Params: map[string]string{"why": mistake}, Text: "The configuration was not reloaded."},
		{Time: now, Level: server.LevelError, Code: "certificates_unstored", Params: map[string]string{"why": "since 2026-12-01 20:00 UTC: write /var/lib/sluice/certs/probe: no space left on device"}, Text: "Certificates cannot be stored."}}, s.Events...)
	return s
}

// "In the evening of an event, on a phone": why there is no certificate and what to do
// are whole sentences, and fit.
func TestPageTellsOfCertificatesInChinese(t *testing.T) {
	t.Parallel()
	check, err := os.ReadFile("testdata/accessible.js")
	if err != nil {
		t.Fatal(err)
	}
	b := openTab(t, "zh-CN")
	g := newStage(t)
	g.change(func(g *stage) { g.status = uncertified() })
	for _, tt := range []struct {
		width int
		theme string
	}{{390, "light"}, {390, "dark"}, {320, "light"}} {
		b.screen(tt.width, 844, tt.theme)
		b.open(g.url)
		b.says(2*patience, "#title", "shop.example.com 还没有证书：CA 连不上本机。")
		b.says(patience, "#lead", "请对公网开放本机的 80 和 443 端口")
		b.says(patience, "#problems", `客户端可能拒绝 api.example.com 的证书：证书链不完整：缺少签发者 "R11" 的证书`)
		b.says(patience, "#problems", `仍在使用旧配置：/etc/sluice/sluice.toml:12: site.upstrem：未知的键；可能是 "upstream"。`)
		b.says(patience, "#certificates", "acme-v02.api.letsencrypt.org：验证域名失败：CA 连不上本机（http-01: 203.0.113.9: Fetching")
		b.says(patience, "#certificates", "。请对公网开放本机的 80 和 443 端口")
		b.says(patience, "#events", "证书申请失败：shop.example.com：CA 连不上本机")
		b.says(patience, "#events", "probe：磁盘空间已满")
		b.says(patience, "#program", "site.upstrem：未知的键")
		var wrong []string
		b.run(string(check), &wrong)
		for _, w := range wrong {
			t.Errorf("%d, %s: %s", tt.width, tt.theme, w)
		}
	}
	b.run("document.querySelector('#language').click()", nil)
	b.says(patience, "#lead", "let the Internet reach this machine")
	b.says(patience, "#certificates", "prove control of the name: connection: http-01")
	if errors := b.errors(); len(errors) > 0 {
		t.Errorf("errors of the page: %q", errors)
	}
}

// The same of a running program: its CA does not answer, and its configuration is
// wrong after a change.
func TestPageTellsInChineseWhatAProgramSays(t *testing.T) {
	t.Parallel()
	b := openTab(t, "zh-CN")
	dir := t.TempDir()
	file := filepath.Join(dir, "sluice.toml")
	text := setup{server: withAdmin + fmt.Sprintf("state_dir = %q\n", dir), upstreams: []string{serve(t, nil).address},
		sites: "[[site]]\nhosts = [\"shop.example.com\"]\ntls = \"auto\"\nupstream = \"app\"\n",
		more:  fmt.Sprintf("[acme]\ndirectory = \"https://%s/directory\"\n", reserve(t))}.text(dir, newIdentity(t, dir, host))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := launch(t, dir, "run", "--config", file)
	b.screen(390, 844, "light")
	b.open(s.adminURL(t) + "/")
	b.says(2*patience, "#title", "shop.example.com 还没有证书：CA 没有应答。")
	b.says(patience, "#lead", "请确认本机能访问 CA：curl -sS https://127.0.0.1:")
	b.says(patience, "#certificates", "：注册账户失败：CA 没有应答（dial tcp ")
	b.says(patience, "#events", "证书申请失败：shop.example.com：CA 没有应答")

	if err := os.WriteFile(file, []byte(text+"\n[servr]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.signal(syscall.SIGHUP)
	b.says(patience, "#problems", `servr：未知的键；可能是 "server"。`)
	b.says(patience, "#events", `servr：未知的键；可能是 "server"`)
	if errors := b.errors(); len(errors) > 0 {
		t.Errorf("errors of the page: %q", errors)
	}
}
