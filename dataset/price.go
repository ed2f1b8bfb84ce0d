package dataset

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const defaultCurrency = "USD"

// currencies are the codes of money in ISO 4217, as of 2026.
const currencies = " AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD" +
	" CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD" +
	" HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD" +
	" MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG" +
	" QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD" +
	" TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG "

func isCurrency(code string) bool {
	return len(code) == 3 && strings.Contains(currencies, " "+code+" ")
}

// signs are what prices have instead of a code, with the codes that each can mean. $ alone is of
// the United States; ¥ needs the code beside it or in CURRENCY.
var signs = map[string][]string{
	"$":  {"USD", "ARS", "AUD", "CAD", "CLP", "COP", "HKD", "MXN", "NZD", "SGD", "TWD"},
	"US": {"USD"}, "US$": {"USD"},
	"€": {"EUR"}, "£": {"GBP"}, "₹": {"INR"}, "₩": {"KRW"}, "¥": {"CNY", "JPY"},
}

// parsePrice reads a price as a shop writes it, $1,299.99 or 1299.99 or 1299 EUR, into cents, with
// the currencies that its sign or code can mean; none where it has neither.
func parsePrice(s string) (cents int64, codes []string, err error) {
	if s == "" {
		return 0, nil, errors.New("it is empty: every product needs a price such as 1299.99")
	}
	const digits = "0123456789"
	begin, end := strings.IndexAny(s, digits), strings.LastIndexAny(s, digits)+1
	if begin < 0 {
		return 0, nil, notPrice(s)
	}
	codes, known := meant(strings.ReplaceAll(s[:begin]+s[end:], " ", ""))
	whole, fraction, hasFraction := strings.Cut(s[begin:end], ".")
	groups := strings.Split(whole, ",")
	for i, g := range groups {
		if !isDigits(g) || len(groups) > 1 && (i > 0 && len(g) != 3 || len(g) > 3) {
			known = false
		}
	}
	if !known || hasFraction && (!isDigits(fraction) || len(fraction) > 2) {
		return 0, nil, notPrice(s)
	}
	cents, err = strconv.ParseInt(strings.Join(groups, "")+(fraction + "00")[:2], 10, 64)
	if err != nil || cents < 1 || cents > MaxPriceCents {
		return 0, nil, fmt.Errorf("%s is outside %s to %s", quoted(s), amount(1), amount(MaxPriceCents))
	}
	return cents, codes, nil
}

func notPrice(s string) error {
	return fmt.Errorf("%s is not a price such as 1299.99, $1,299.99 or 1299.99 EUR", quoted(s))
}

// meant are the currencies that the mark beside a price can mean: a sign, a code, or both.
func meant(mark string) (codes []string, known bool) {
	if mark == "" || isCurrency(mark) {
		return strings.Fields(mark), true
	}
	for sign, codes := range signs {
		code, is := strings.CutPrefix(mark, sign)
		if !is {
			code, is = strings.CutSuffix(mark, sign)
		}
		switch {
		case is && code == "":
			return codes, true
		case is && slices.Contains(codes, code):
			return []string{code}, true
		}
	}
	return nil, false
}

// currencyOf is what a row says: its CURRENCY, else what its price can mean, or nothing.
func currencyOf(cell string, codes []string) (string, error) {
	switch {
	case len(codes) == 0:
		return cell, nil
	case cell != "" && slices.Contains(codes, cell):
		return cell, nil
	case cell != "":
		return "", fmt.Errorf("is in %s, but CURRENCY is %s: correct one of them", codes[0], cell)
	case len(codes) == 1 || codes[0] == defaultCurrency:
		return codes[0], nil
	}
	return "", fmt.Errorf("can be %s: say which in CURRENCY", strings.Join(codes, " or "))
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// amount writes cents with two decimals: 1,299.99.
func amount(cents int64) string {
	whole := strconv.FormatInt(cents/100, 10)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return fmt.Sprintf("%s.%02d", whole, cents%100)
}
