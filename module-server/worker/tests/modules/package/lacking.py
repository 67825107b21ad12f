import nowhere_to_be_found

print(nowhere_to_be_found)
