package main

// nginxConfig proxies like a tuned site: workers as many as cores, each on its
// own, kept-alive upstream connections, buffers large enough that no answer
// goes through a temporary file, and a buffered JSON log.
//
// Where it is abused, it keeps its bound on requests of a connection, which is
// how it withstands floods of them.
const nginxConfig = `daemon off;
pid {{.Dir}}/nginx.pid;
error_log {{.Dir}}/error.log warn;
{{- if .Root}}
user root;
{{- end}}
worker_processes {{len .Cores}};
worker_cpu_affinity{{range .Cores}} {{mask .}}{{end}};
worker_rlimit_nofile {{.Descriptors}};
events {
    worker_connections {{.MaxClients}};
    multi_accept on;
}
http {
    client_body_temp_path {{.Dir}}/body;
    proxy_temp_path {{.Dir}}/proxy;
    fastcgi_temp_path {{.Dir}}/fastcgi;
    uwsgi_temp_path {{.Dir}}/uwsgi;
    scgi_temp_path {{.Dir}}/scgi;
    tcp_nodelay on;
    server_tokens off;
{{- if not .Abused}}
    keepalive_requests 100000000;
{{- end}}
    keepalive_timeout 300s;
{{- if .Access}}
    log_format bench escape=json '{"time":"$time_iso8601","id":"$request_id","client":"$remote_addr","method":"$request_method","host":"$host","uri":"$request_uri","protocol":"$server_protocol","status":$status,"bytes":$body_bytes_sent,"duration":$request_time,"upstream":"$upstream_addr","upstream_status":"$upstream_status","upstream_duration":"$upstream_response_time","agent":"$http_user_agent"}';
    access_log {{.Access}} bench buffer=64k flush=1s;
{{- else}}
    access_log off;
{{- end}}
{{- if .Refuse}}
    limit_req_zone $binary_remote_addr zone=clients:10m rate=1r/m;
    limit_req_status 429;
    limit_req_log_level info;
{{- end}}
{{- if .Forwarded}}
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Forwarded-For;
{{- end}}
{{- if .Limits}}
    limit_req_zone $server_name zone=site:1m rate={{.Limits.Rate}}r/s;
    limit_conn_zone $server_name zone=busy:1m;
    limit_req_status 503;
    limit_conn_status 503;
    limit_req_log_level info;
    limit_conn_log_level info;
{{- end}}
{{- if .Cache}}
    proxy_cache_path {{.Dir}}/cache levels=1:2 keys_zone=answers:10m max_size=1g inactive=10m use_temp_path=off;
    open_file_cache max=1000;
    open_file_cache_valid 60s;
    sendfile on;
    tcp_nopush on;
{{- end}}
    upstream app {
{{- range .Origins}}
        server 127.0.0.1:{{.}};
{{- end}}
        keepalive 64;
        keepalive_requests 100000000;
        keepalive_timeout 300s;
    }
    server {
        listen 127.0.0.1:{{.HTTP}} reuseport backlog=4096;
        listen 127.0.0.1:{{.HTTPS}} ssl http2 reuseport backlog=4096;
        server_name _;
        ssl_certificate {{.Cert}};
        ssl_certificate_key {{.Key}};
        ssl_protocols TLSv1.3;
        ssl_session_cache shared:TLS:10m;
        ssl_session_tickets on;
{{- if .Refuse}}
        limit_req zone=clients;
{{- end}}
{{- if .Limits}}
        limit_req zone=site burst={{.Limits.Burst}} nodelay;
        limit_conn busy {{.Limits.AtOnce}};
{{- end}}
        location / {
            proxy_pass http://app;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_buffer_size 32k;
            proxy_buffers 16 32k;
            proxy_busy_buffers_size 128k;
{{- if .Cache}}
            proxy_cache answers;
            proxy_cache_valid 200 60s;
            proxy_cache_lock on;
            proxy_cache_use_stale updating;
{{- else}}
            proxy_max_temp_file_size 0;
{{- end}}
        }
    }
}
`

// nginxProxy is nginx as a reverse proxy.
func nginxProxy(binary string) proxy {
	return proxy{
		name:   "nginx",
		binary: binary,
		config: nginxConfig,
		file:   "nginx.conf",
		args:   nginxArgs,
		env:    noEnv,
	}
}

// nginxArgs keeps nginx inside its own folder.
func nginxArgs(s setup) []string {
	return []string{"-p", s.Dir, "-e", s.Dir + "/error.log", "-c", s.Dir + "/nginx.conf"}
}
