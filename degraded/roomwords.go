package degraded

// roomWords are the words of a waiting room in one language. In "many",
// "minutes", "hours" and "opens" the 0 stands for what is filled in.
type roomWords struct {
	titles [roomStates]string
	texts  [roomStates]string // where the text does not depend on the visitor

	none, one, many string // people before the visitor
	opens           string

	estimate, unknown                                           string
	lessThanAMinute, minute, minutes, hour, hours, half, longer string

	stay    string // while in line
	idle    string // before the opening
	opening string // in place of the countdown once it has run out
	day     string // before a countdown's hours
	days    string
	lost    string // no poll gets through
	cookies string // the browser keeps none
}

func roomWordsIn(l language) roomWords {
	return [languages]roomWords{english: roomEnglish(), chinese: roomChinese()}[l]
}

func roomEnglish() roomWords {
	return roomWords{
		titles: [roomStates]string{
			RoomWaiting:    "You are in line",
			RoomNotStarted: "Not started yet",
			RoomOver:       "This has ended",
			RoomEntered:    "It is your turn",
		},
		texts: [roomStates]string{
			RoomOver:    "Nobody is let in any more. Thank you for your interest.",
			RoomEntered: "Opening the page…",
		},
		none:  "You are next",
		one:   "There is 1 person before you",
		many:  "There are 0 people before you",
		opens: "Opens 0",

		estimate:        "Estimated wait: ",
		unknown:         "How long it will take cannot be told yet.",
		lessThanAMinute: "less than a minute",
		minute:          "about a minute",
		minutes:         "about 0 minutes",
		hour:            "about an hour",
		hours:           "about 0 hours",
		half:            "½",
		longer:          "more than 12 hours",

		stay:    "Visitors are let in by order of arrival. This page moves on by itself: you may leave it open, and there is no need to reload.",
		idle:    "This page moves on by itself when it is time: you may leave it open, and there is no need to reload.",
		opening: "Opening…",
		day:     "1 day ",
		days:    "0 days ",
		lost:    "The site cannot be reached at the moment. This page keeps trying by itself.",
		cookies: "This browser keeps no cookies, so your place cannot be kept. Allow them for this site, then reload.",
	}
}

func roomChinese() roomWords {
	return roomWords{
		titles: [roomStates]string{
			RoomWaiting:    "您正在排队",
			RoomNotStarted: "尚未开始",
			RoomOver:       "已经结束",
			RoomEntered:    "轮到您了",
		},
		texts: [roomStates]string{
			RoomOver:    "现已停止进入，感谢您的关注。",
			RoomEntered: "正在进入…",
		},
		none:  "下一位就是您",
		one:   "排在您前面的人数：1",
		many:  "排在您前面的人数：0",
		opens: "开始时间：0",

		estimate:        "预计等待",
		unknown:         "暂时无法估计等待时间。",
		lessThanAMinute: "不到 1 分钟",
		minute:          "约 1 分钟",
		minutes:         "约 0 分钟",
		hour:            "约 1 小时",
		hours:           "约 0 小时",
		half:            ".5",
		longer:          "超过 12 小时",

		stay:    "按到达的先后顺序进入。轮到您时页面会自动进入，可以一直开着，无需刷新。",
		idle:    "开始后页面会自动进入，可以一直开着，无需刷新。",
		opening: "即将开始…",
		day:     "1 天 ",
		days:    "0 天 ",
		lost:    "暂时连接不上网站，页面会自动重试。",
		cookies: "浏览器未启用 Cookie，无法保留您的位置。请允许本站使用 Cookie，然后刷新页面。",
	}
}
