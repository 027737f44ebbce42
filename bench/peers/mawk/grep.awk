index($0, needle) { count++ }
END { print needle "\t" count + 0 }
