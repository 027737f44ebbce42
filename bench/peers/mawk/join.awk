# pages come first, then visits
BEGIN { FS = ","; OFMT = CONVFMT = "%.15g" }
NR == FNR { ranks[$1] = $2; next }
$3 >= "2021-01-01" && $3 < "2024-01-01" && ($2 in ranks) { revenue[$1] += $4; rank[$1] += ranks[$2]; visits[$1]++ }
END { for (source in revenue) print source "\t" revenue[source] "\t" rank[source] / visits[source] | "sort -t '\t' -k 2,2gr | head -n 10" }
