package degraded

// waiting are the words of the waiting page in one language. In "in" the 0
// stands for the seconds.
type waiting struct{ title, text, calm, again, in, now string }

func waitingWords(l language) waiting {
	return [languages]waiting{
		english: {
			title: "We’ll be right with you",
			text:  "This site is very busy right now, or is being restarted. Nothing is wrong with your device or your connection.",
			calm:  "There is no need to reload: this page tries again by itself.",
			again: "Trying again soon",
			in:    "Trying again in 0 s",
			now:   "Trying again now…",
		},
		chinese: {
			title: "请稍候，马上就好",
			text:  "网站现在访问的人很多，或者正在重启。您的设备和网络没有问题。",
			calm:  "无需手动刷新，页面会自动重试。",
			again: "稍后自动重试",
			in:    "0 秒后自动重试",
			now:   "正在重试…",
		},
	}[l]
}

// quote introduces the Request-Id.
func quote(l language) string {
	return [languages]string{
		english: "If this goes on, tell the site’s owner this request number:",
		chinese: "如果一直打不开，请把这个请求编号告诉网站客服：",
	}[l]
}
