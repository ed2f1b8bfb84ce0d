package browsers

import (
	"strconv"

	"salesburst/shared/sale"
)

// Device is what a browser runs on.
type Device uint8

// The devices, and how many there are.
const (
	Mobile Device = iota
	Desktop
	Tablet
	Devices
)

var devices = [Devices]sale.Text{
	Mobile: sale.NewText("Mobile"), Desktop: sale.NewText("Desktop"), Tablet: sale.NewText("Tablet"),
}

// Text returns the device as the events name it.
func (d Device) Text() sale.Text { return devices[d] }

// family is a browser on a system, whatever its version.
type family struct {
	name          string
	device        Device
	apple, google bool
	uses          product                  // whose versions are in the text
	text          func(v *versions) string // what follows "Mozilla/5.0 ("
}

// families are the usual browsers of the United States.
//
// What a browser writes of its system is mostly frozen: Windows at NT 10.0, macOS at 10_15_7, or
// 10.15 in Firefox, Android at "10; K" in Chrome's kin, ChromeOS at 14541.0.0, and iOS at 18_6 and
// 18_7 since Safari is 26. Chrome on iOS writes its full version and the system's own, Firefox on
// Android the system's own.
var families = [...]family{
	{"iphone_safari", Mobile, true, false, safari, func(v *versions) string {
		return iOS("iPhone; CPU iPhone OS ", v)
	}},
	{"iphone_chrome", Mobile, true, true, safari | chromeIOS, func(v *versions) string {
		return "iPhone; CPU iPhone OS " + criOS(v)
	}},
	{"android_chrome", Mobile, false, true, chrome, func(v *versions) string {
		return android + blink(v.chrome) + " Mobile" + webkit
	}},
	{"samsung_internet", Mobile, false, true, samsung, func(v *versions) string {
		return samsungs(v, " Mobile")
	}},
	{"android_firefox", Mobile, false, true, firefox | androids, func(v *versions) string {
		version := number(v.firefox) + ".0"
		return "Android " + number(v.android) + "; Mobile; rv:" + rv(v) + ") Gecko/" + version + " Firefox/" + version
	}},
	{"windows_chrome", Desktop, false, true, chrome, func(v *versions) string {
		return windows + blink(v.chrome) + webkit
	}},
	{"windows_edge", Desktop, false, false, edge, func(v *versions) string {
		return windows + blink(v.edge) + webkit + " Edg/" + number(v.edge) + ".0.0.0"
	}},
	{"windows_firefox", Desktop, false, false, firefox, func(v *versions) string {
		return "Windows NT 10.0; Win64; x64; rv:" + gecko(v)
	}},
	{"mac_safari", Desktop, true, false, safari, func(v *versions) string {
		return mac + "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/" + v.safari.text(".") + " Safari/605.1.15"
	}},
	{"mac_chrome", Desktop, true, true, chrome, func(v *versions) string { return mac + blink(v.chrome) + webkit }},
	{"mac_firefox", Desktop, true, false, firefox, func(v *versions) string {
		return "Macintosh; Intel Mac OS X 10.15; rv:" + gecko(v)
	}},
	{"linux_chrome", Desktop, false, true, chrome, func(v *versions) string {
		return "X11; Linux x86_64) " + blink(v.chrome) + webkit
	}},
	{"linux_firefox", Desktop, false, false, firefox, func(v *versions) string {
		return "X11; Linux x86_64; rv:" + gecko(v)
	}},
	{"chromebook", Desktop, false, true, chrome, func(v *versions) string {
		return "X11; CrOS x86_64 14541.0.0) " + blink(v.chrome) + webkit
	}},
	{"ipad_safari", Tablet, true, false, safari, func(v *versions) string { return iOS("iPad; CPU OS ", v) }},
	{"ipad_chrome", Tablet, true, true, safari | chromeIOS, func(v *versions) string {
		return "iPad; CPU OS " + criOS(v)
	}},
	{"android_tablet", Tablet, false, true, chrome, func(v *versions) string {
		return android + blink(v.chrome) + webkit
	}},
	{"samsung_tablet", Tablet, false, true, samsung, func(v *versions) string { return samsungs(v, "") }},
}

const (
	windows = "Windows NT 10.0; Win64; x64) "
	mac     = "Macintosh; Intel Mac OS X 10_15_7) "
	android = "Linux; Android 10; K) "
	likeMac = " like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
	khtml   = "AppleWebKit/537.36 (KHTML, like Gecko) "
	webkit  = " Safari/537.36"
)

func number(n int64) string { return strconv.FormatInt(n, 10) }

func blink(major int64) string { return khtml + "Chrome/" + number(major) + ".0.0.0" }

// iOS is Safari on one of Apple's small devices.
func iOS(system string, v *versions) string {
	frozen := v.safari.text("_")
	switch {
	case v.safari >= 26_02:
		frozen = "18_7"
	case v.safari >= 26_00:
		frozen = "18_6"
	}
	return system + frozen + likeMac + "Version/" + v.safari.text(".") + " Mobile/15E148 Safari/604.1"
}

func criOS(v *versions) string {
	c := v.chromeIOS
	full := number(c.major) + ".0." + number(build(c.major)) + "." + number(50+30*c.week+c.major%7)
	return v.safari.text("_") + likeMac + "CriOS/" + full + " Mobile/15E148 Safari/604.1"
}

func samsungs(v *versions, kind string) string {
	return android + khtml + "SamsungBrowser/" + number(v.samsung.version) + ".0 " +
		"Chrome/" + number(v.samsung.chrome) + ".0.0.0" + kind + webkit
}

func gecko(v *versions) string { return rv(v) + ") Gecko/20100101 Firefox/" + number(v.firefox) + ".0" }

// rv is the version of Gecko, which stood still for a year: sites took rv:11 for Internet Explorer.
func rv(v *versions) string {
	if 110 <= v.firefox && v.firefox < 120 {
		return "109.0"
	}
	return number(v.firefox) + ".0"
}
