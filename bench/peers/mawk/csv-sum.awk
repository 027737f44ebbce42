BEGIN { FS = ","; OFMT = CONVFMT = "%.15g" }
{ sums[substr($1, 1, 6)] += $4 }
END { for (prefix in sums) print prefix "\t" sums[prefix] }
