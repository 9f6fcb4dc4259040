package degraded

// refusal is one status and what it says to people.
type refusal struct {
	status int
	words  [languages]words
}

// words are a refusal in one language: what happened, and what to do.
type words struct{ title, todo string }

// refusals returns all that there are words for: every status that a
// message.Failure can have, and those that allowing and limiting use. Those of
// 400 and 500 also stand for the rest of their class.
func refusals() []refusal {
	return []refusal{
		refuse(400, "Bad request", "The server could not understand this request. Open the page again; if that doesn’t help, clear this site’s cookies.",
			"请求有误", "服务器无法理解这个请求。请重新打开页面；如果仍然不行，请清除本站的 Cookie。"),
		refuse(403, "Not allowed", "This address is not open to you. If it should be, ask the site’s owner.",
			"无权访问", "您没有访问这个地址的权限。如有疑问，请联系网站客服。"),
		refuse(404, "Nothing here", "There is no page at this address. Check it for typing errors, or start from the home page.",
			"页面不存在", "这个地址没有内容。请检查是否输错，或从首页重新进入。"),
		refuse(405, "Not possible here", "This address does not take that kind of request. Go back and open the page again.",
			"不支持的操作", "这个地址不接受此类请求。请返回并重新打开页面。"),
		refuse(408, "That took too long", "Your request did not arrive in time. Check your connection and try again.",
			"请求超时", "您的请求没有及时送达。请检查网络后重试。"),
		refuse(413, "Too large", "What you sent is larger than this site takes. Send less, or a smaller file.",
			"内容过大", "您发送的内容超过了本站的限制。请减少内容或换一个较小的文件。"),
		refuse(414, "Address too long", "The address of this page is too long for the server. Shorten it, or start from the home page.",
			"地址过长", "这个页面的地址太长，服务器无法处理。请缩短地址，或从首页重新进入。"),
		refuse(417, "Condition not met", "The server cannot do what the request’s Expect field asks for. Send the request without it.",
			"无法满足条件", "服务器无法满足请求中的 Expect 条件。请去掉后重新发送。"),
		refuse(421, "Not served here", "This server does not serve that host name. Check the address; if it is right, the site’s owner has to add the name to the server.",
			"此处没有这个网站", "本服务器不提供这个域名的网站。请检查地址；如果地址无误，需要网站所有者在服务器上添加该域名。"),
		refuse(429, "A little slower, please", "Too many requests came from you in a short time. Wait a moment, then try again.",
			"请慢一点", "您在短时间内的请求太多。请稍等片刻再试。"),
		refuse(431, "Too much sent along", "The fields sent with this request are too large. Clear this site’s cookies and try again.",
			"请求头过大", "随请求发送的信息太多。请清除本站的 Cookie 后重试。"),
		refuse(500, "Something went wrong", "An error happened on this server. Try again in a moment.",
			"出了点问题", "服务器发生了错误。请稍后再试。"),
		refuse(501, "Not supported", "This server does not support that kind of request. Use another browser or program.",
			"不支持的请求", "服务器不支持此类请求。请换用其他浏览器或程序。"),
		refuse(502, "No usable answer", "The program behind this site gave no usable answer. Try again in a moment.",
			"网站没有正常响应", "网站后台没有给出有效的响应。请稍后再试。"),
		refuse(503, "Busy right now", "This site cannot answer at the moment. Try again in a moment.",
			"网站繁忙", "网站现在无法响应。请稍后再试。"),
		refuse(504, "No answer in time", "The program behind this site did not answer in time. If you sent an order or a form, check whether it arrived before you send it again.",
			"网站响应超时", "网站后台没有及时响应。如果您刚提交了订单或表单，请先确认是否成功，再重新提交。"),
		refuse(505, "Version not supported", "This server does not speak that version of HTTP. Use another browser or program.",
			"不支持的 HTTP 版本", "服务器不支持这个版本的 HTTP。请换用其他浏览器或程序。"),
	}
}

// refuse puts one row of the table together.
func refuse(status int, title, todo, zhTitle, zhTodo string) refusal {
	return refusal{status, [languages]words{english: {title, todo}, chinese: {zhTitle, zhTodo}}}
}
