// A whole number as the server writes it: 12,345. `toLocaleString` makes a formatter for each call, which a list of rows feels.
export const thousands = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");
