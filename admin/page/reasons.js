// Why there is no certificate, or none that clients take, each in English and in
// Chinese. The English words are those that Sluice itself says: by them a reason is
// known again. {a} stands for a value; what {detail} stands for are words of others,
// such as a CA, and they and the brackets around them are left out where it has to be short.

// What was being done for a certificate when that failed.
export const steps = {
  prepare: ["prepare", "申请前的准备"],
  account: ["register the account", "注册账户"],
  order: ["order", "提交申请"],
  authorization: ["read the authorization", "读取授权"],
  prove: ["prove control of the name", "验证域名"],
  prove_dns: ["prove control by dns-01", "用 dns-01 验证域名"],
  zone: ["find the zone in the DNS", "查找域名所在的 DNS 区域"],
  set: ["set the DNS record", "设置 DNS 记录"],
  shown: ["wait until the DNS shows the record", "等待 DNS 记录生效"],
  issue: ["issue the certificate", "签发证书"],
  download: ["download the certificate", "下载证书"],
  read: ["read what was obtained", "读取新证书"],
};

// What a CA says by a code (RFC 8555 section 6.7).
export const refusals = {
  accountDoesNotExist: ["accountDoesNotExist: {detail}", "CA 没有这个账户（{detail}）"],
  badCSR: ["badCSR: {detail}", "CA 不接受证书请求（{detail}）"],
  caa: ["caa: {detail}", "域名的 CAA 记录不允许该 CA（{detail}）"],
  compound: ["compound: {detail}", "CA 报告了多个问题（{detail}）"],
  connection: ["connection: {detail}", "CA 连不上本机（{detail}）"],
  dns: ["dns: {detail}", "CA 查询域名的 DNS 失败（{detail}）"],
  externalAccountRequired: ["externalAccountRequired: {detail}", "CA 要求绑定外部账户 EAB（{detail}）"],
  incorrectResponse: ["incorrectResponse: {detail}", "CA 得到的验证应答不正确（{detail}）"],
  invalidContact: ["invalidContact: {detail}", "CA 不接受联系邮箱（{detail}）"],
  malformed: ["malformed: {detail}", "CA 认为请求有误（{detail}）"],
  orderNotReady: ["orderNotReady: {detail}", "CA 的订单尚未就绪（{detail}）"],
  rateLimited: ["rateLimited: {detail}", "CA 限制了申请频率（{detail}）"],
  rejectedIdentifier: ["rejectedIdentifier: {detail}", "CA 不为该域名签发证书（{detail}）"],
  serverInternal: ["serverInternal: {detail}", "CA 自身故障（{detail}）"],
  tls: ["tls: {detail}", "CA 与本机的 TLS 握手失败（{detail}）"],
  unauthorized: ["unauthorized: {detail}", "CA 的验证未通过（{detail}）"],
  unsupportedContact: ["unsupportedContact: {detail}", "CA 不支持这种联系方式（{detail}）"],
  userActionRequired: ["userActionRequired: {detail}", "CA 要求先同意其条款（{detail}）"],
};

export const reasons = {
  // A certificate and what clients make of it.
  early: ["not valid before {date}", "{date} 起才有效"],
  expired: ["expired on {date}", "已于 {date} 过期"],
  ending: ["expires soon, on {date}", "将于 {date} 到期"],
  nameless: ["the certificate carries no names, so no client will be given it", "证书里没有域名，不会用于任何访客"],
  named_nothing: ["not issued for {names}: it carries no names", "证书不包含 {names}，其中没有任何域名"],
  named_otherwise: ["not issued for {names}: it carries {others}", "证书不包含 {names}，只包含 {others}"],
  chain_unread: ["the chain after {subject} cannot be read: {detail}", "证书链中 {subject} 之后的部分无法解析（{detail}）"],
  chain_broken: ["the chain is broken: {subject} is followed by {next}, not by its issuer {issuer}", "证书链有误：{subject} 后面是 {next}，而不是其签发者 {issuer}"],
  chain_short: ["the chain is incomplete: the certificate of the issuer {issuer} is missing, and clients that do not know it already will refuse the leaf; append it to the file (often called fullchain)", "证书链不完整：缺少签发者 {issuer} 的证书，请把它追加到证书文件（即 fullchain）"],
  not_here: ["not ordered here: {why}", "不由本进程申请：{why}"],
  locked: ["locked by another process", "另一进程正在负责"],
  locked_by: ["locked by another process (process {pid})", "进程 {pid} 正在负责"],
  in_memory: ["what was obtained is in memory only since {date}: {why}", "新证书自 {date} 起只在内存中：{why}"],
  since: ["since {date}: {why}", "自 {date} 起：{why}"],
  given_up: ["certificates are no longer renewed: {why}", "证书不再续期：{why}"],

  // Files of certificates.
  load: ["load {path}: {why}", "文件 {path}：{why}"],
  load_expired: ["the new certificate expired on {date}", "新证书已于 {date} 过期"],
  pem_cut: ["a PEM block is cut off or garbled", "PEM 内容不完整或已损坏"],
  key_for_cert: ["holds a private key but no certificate", "里面是私钥，没有证书"],
  no_cert: ["holds no PEM certificate", "里面没有 PEM 格式的证书"],
  encrypted: ["the private key is encrypted with a passphrase", "私钥有密码保护"],
  cert_for_key: ["holds a certificate but no private key", "里面是证书，没有私钥"],
  no_key: ["holds no PEM private key", "里面没有 PEM 格式的私钥"],
  key_of_other: ["the private key in {path} belongs to certificate {n} of the file, not to the first", "{path} 里的私钥属于文件中的第 {n} 个证书，而不是第一个"],
  key_of_none: ["the private key does not belong to the certificate of {name} in {path}", "私钥与 {path} 里 {name} 的证书不匹配"],
  no_file: ["not a regular file", "不是普通文件"],
  large_file: ["larger than 1 MiB", "超过 1 MiB"],

  // Orders.
  no_answer: ["no answer: {detail}", "CA 没有应答（{detail}）"],
  unexplained: ["HTTP status {status} without an explanation", "CA 返回 HTTP {status}，没有说明原因"],
  large_answer: ["the CA's answer is larger than 1 MiB", "CA 的应答超过 1 MiB"],
  redirected: ["the CA's directory redirects; write the URL that it leads to", "CA 的目录地址发生跳转，请改写为跳转后的地址"],
  no_dns_01: ["the CA does not offer dns-01 for this name", "CA 对该域名不支持 dns-01"],
  no_chain: ["the CA sent no certificate", "CA 没有返回证书"],
  no_order: ["the CA's order is {status} and has no certificate", "CA 的订单状态为 {status}，没有证书"],
  other_name: ["the certificate is for {others}, not for {name}", "证书是给 {others} 的，而不是 {name}"],
  over: ["the order has been given up", "申请已放弃"],
  account_key: ["read the account's key: {why}", "读取账户密钥：{why}"],
  account_damaged: ["the stored account is damaged; move its file away to get a new one", "保存的账户已损坏，请移走该文件以重新注册"],
  key_damaged: ["a stored key is damaged", "保存的密钥已损坏"],
  eab_key: ["the MAC key of the external account binding is not base64url", "外部账户（EAB）的 MAC 密钥不是 base64url"],
  challenge: ["read a challenge's certificate: {why}", "读取验证用的证书：{why}"],

  // The DNS and those who change it.
  add: ["{provider}: add TXT {name}: {why}", "{provider} 无法添加 TXT 记录 {name}：{why}"],
  api_silent: ["no answer from {host}: {detail}", "{host} 没有应答（{detail}）"],
  api_large: ["{host} answered with more than {n} bytes", "{host} 的应答超过 {n} 字节"],
  api_redirects: ["{host} answered with a redirect (HTTP {status}), which is not followed", "{host} 返回了跳转（HTTP {status}）"],
  api_odd: ["{said} with a body that is not the JSON expected", "接口返回 {said}，内容不是预期的 JSON"],
  endpoint: ["the endpoint is not a URL of a host", "接口地址无效"],
  endpoint_plain: ["the endpoint at {host} is not https", "{host} 的接口地址不是 https"],
  proxy: ["the address of the proxy in the environment cannot be understood", "环境变量里的代理地址无效"],
  many_records: ["the name has more than {n} TXT records", "该域名的 TXT 记录超过 {n} 条"],
  bad_record: ["a record needs a zone and a text of 1 to 255 bytes", "记录需要区域和 1 到 255 字节的文本"],
  other_zone: ["{name} is not a name in zone {zone}", "{name} 不在区域 {zone} 里"],
  unset: ["the {secret} is not set", "没有设置 {secret}"],
  unread: ["read the {secret}: {why}", "读取 {secret}：{why}"],
  empty: ["the {secret} is empty", "{secret} 为空"],
  odd_secret: ["the {secret} has characters that no {other} has", "{secret} 里有 {other} 不该有的字符"],
  no_zone_seen: ["no zone {zone} that the token may see", "令牌看不到区域 {zone}"],
  strange_id: ["an ID that is none of Cloudflare's was answered", "返回的 ID 不是 Cloudflare 的"],
  late: ["not seen everywhere within {span}: {detail}", "{span} 内未在所有 DNS 服务器生效（{detail}）"],
  late_silent: ["not seen everywhere within {span}", "{span} 内未在所有 DNS 服务器生效"],
  no_domain: ["is no domain name", "不是域名"],
  no_zone: ["there is no zone that it is in: no SOA record at it or above", "找不到它所在的区域：各级都没有 SOA 记录"],
  circle: ["the CNAME records lead in a circle, {name} again", "CNAME 记录成环，又回到 {name}"],
  detour: ["more than {n} CNAME records in a row", "连续的 CNAME 记录超过 {n} 条"],
  odd_target: ["its CNAME record leads to {name}, which is no host name", "CNAME 记录指向 {name}，它不是主机名"],
  no_servers: ["zone {zone} has no NS record", "区域 {zone} 没有 NS 记录"],
  no_address: ["{name} has no address", "{name} 没有地址"],
  looked_up: ["look up {type} {name}: {detail}", "查询 {name} 的 {type} 记录失败（{detail}）"],
};

// Why an address is not known, or nobody answers there.
export const lookups = {
  gone: ["the name does not exist any more: {why}", "域名已不存在：{why}"],
  silent: ["no answer from the resolver yet", "DNS 还没有应答"],
  unknown: ["no such host", "域名不存在"],
  late: ["i/o timeout", "超时"],
  deadline: ["context deadline exceeded", "超时"],
};

// What the system says of a file or a connection, by the name of its error.
export const system = {
  EACCES: ["permission denied", "没有权限"],
  EADDRINUSE: ["address already in use", "端口已被占用"],
  EADDRNOTAVAIL: ["cannot assign requested address", "本机没有这个地址"],
  ECONNREFUSED: ["connection refused", "连接被拒绝"],
  EIO: ["input/output error", "磁盘读写出错"],
  EISDIR: ["is a directory", "是一个目录"],
  ENOENT: ["no such file or directory", "文件或目录不存在"],
  ENOSPC: ["no space left on device", "磁盘空间已满"],
  EPERM: ["operation not permitted", "操作不被允许"],
  EROFS: ["read-only file system", "文件系统只读"],
};
