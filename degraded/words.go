package degraded

// waiting are the words of a degraded page in one language. In "in" the 0
// stands for the seconds.
type waiting struct{ title, text, calm, again, in, now string }

// waitingWords returns what a page says about k.
func waitingWords(k Kind, l language) waiting {
	w := [languages]waiting{
		english: {
			calm:  "There is no need to reload: this page tries again by itself.",
			again: "Trying again soon",
			in:    "Trying again in 0 s",
			now:   "Trying again now…",
		},
		chinese: {
			calm:  "无需手动刷新，页面会自动重试。",
			again: "稍后自动重试",
			in:    "0 秒后自动重试",
			now:   "正在重试…",
		},
	}[l]
	told := kindWords(k)[l]
	w.title, w.text = told.title, told.todo
	return w
}

// kindWords returns the title and the text about k in each language.
func kindWords(k Kind) [languages]words {
	return [kinds][languages]words{
		Busy: {
			english: {"We’ll be right with you", "This site is very busy right now. Nothing is wrong with your device or your connection."},
			chinese: {"请稍候，马上就好", "网站现在访问的人很多。您的设备和网络没有问题。"},
		},
		Down: {
			english: {"Back in a moment", "This site cannot be reached right now, or is being restarted. Nothing is wrong with your device or your connection."},
			chinese: {"网站暂时无法访问", "网站暂时没有响应，或者正在重启。您的设备和网络没有问题。"},
		},
		Unanswered: {
			english: {"No answer this time", "This site did not answer as it should. If you have just sent an order or a form, check whether it arrived before you send it again."},
			chinese: {"网站没有正常响应", "网站没有正常响应这次请求。如果您刚提交了订单或表单，请先确认是否成功，再重新提交。"},
		},
		Maintenance: {
			english: {"Under maintenance", "This site is being worked on and will be back. Nothing is wrong with your device or your connection."},
			chinese: {"网站维护中", "网站正在维护，完成后即可访问。您的设备和网络没有问题。"},
		},
	}[k]
}

// quote introduces the Request-Id.
func quote(l language) string {
	return [languages]string{
		english: "If this goes on, tell the site’s owner this request number:",
		chinese: "如果一直打不开，请把这个请求编号告诉网站客服：",
	}[l]
}
