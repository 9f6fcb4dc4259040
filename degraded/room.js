(function(){
function id(name){return document.getElementById(name)}
var text=id('text'),hint=id('hint'),bar=id('bar'),note=id('note'),heard=id('heard'),data=note.dataset;
var title=document.querySelector('h1'),site=document.querySelector('.site'),key='sluice room';
var state=data.state,after=+data.after,stay=note.textContent;
var from=0,opens=0,due=0,asked=0,fails=0,said=Date.now(),stop;
var own=document.documentElement.lang,locale=navigator.language||own;
if(locale.slice(0,2)!=own.slice(0,2))locale=own;
function put(element,words){if(element.textContent!=words)element.textContent=words}
function rest(seconds){due=Date.now()+(seconds+Math.random())*1000}
function tab(words){document.title=words+(site?' · '+site.textContent:'')}
function say(words,now){
if(!now&&Date.now()-said<3e4)return;
said=Date.now();
put(heard,words)
}
function anew(){
rest(30);
if(!location.hash)return location.replace(location.href);
history.replaceState(null,'',location.href);
location.reload()
}
function lead(words){
if(text.textContent==words)return;
var found=/\d[\d,]*/.exec(words),mark=document.createElement(found?'b':'strong');
found=found||state=='waiting'&&/.+/.exec(words);
put(text,found?words.slice(0,found.index):words);
if(!found)return;
mark.textContent=found[0];
text.appendChild(mark);
text.appendChild(document.createTextNode(words.slice(found.index+found[0].length)))
}
function progress(place){
var seen;
try{seen=JSON.parse(sessionStorage.getItem(key))}catch(e){}
from=Math.max(from,place,seen&&Date.now()-seen.at<6e5?seen.from:0);
try{sessionStorage.setItem(key,JSON.stringify({from:from,at:Date.now()}))}catch(e){}
bar.hidden=!from;
bar.firstChild.style.transform='scaleX('+(1-place/from)+')';
tab((place?place.toLocaleString(locale)+' · ':'')+title.textContent)
}
function opening(at,left){
opens=Date.now()+left*1000;
var time=id('opens');
time.dateTime=at;
put(time,new Date(at).toLocaleString(locale,{weekday:'long',year:'numeric',month:'long',day:'numeric',hour:'2-digit',minute:'2-digit'}))
}
function two(n){return(n<10?'0':'')+n}
function count(){
var e=id('count'),s=Math.ceil((opens-Date.now())/1000),d=Math.floor(s/86400);
put(e,s>0?(d?e.dataset[d>1?'days':'day'].replace('0',d):'')+two(Math.floor(s/3600)%24)+':'+two(Math.floor(s/60)%60)+':'+two(s%60):e.dataset.now)
}
function show(a){
var turned=a.state!=state;
if(turned&&a.state=='not_started')return anew();
fails=0;
if(turned&&state=='not_started')id('count').remove();
if(turned)stay=data.stay;
state=a.state;
after=a.poll_after_seconds||after;
put(note,stay);
rest(after);
if(state=='not_started')return opening(a.opens,a.opens_in_seconds);
put(title,a.title);
lead(a.text);
put(hint,a.hint||'');
say([turned&&a.title,a.text,a.hint].filter(Boolean).join('. '),turned);
if(state=='waiting')return progress(a.place);
tab(a.title);
note.hidden=bar.hidden=true;
try{sessionStorage.removeItem(key)}catch(e){}
if(state=='entered')return anew();
clearInterval(timer)
}
function lost(later){
rest(Math.max(after,Math.min(after*Math.pow(2,++fails),60)*(1+Math.random())/2,Math.min(+later||0,600)));
put(note,data.lost);
say(data.lost,fails==1)
}
function answered(r,body){
var a;
try{a=JSON.parse(body)}catch(e){}
if(a&&/^(waiting|not_started|over|entered)$/.test(a.state))return show(a);
if(r.status<500&&r.status!=429)return anew();
lost(r.headers.get('Retry-After'))
}
function ask(){
if(!window.fetch)return anew();
asked=Date.now();
stop=window.AbortController&&new AbortController();
fetch(location.href,{headers:{Accept:'application/json','Sluice-Room':'poll'},cache:'no-store',credentials:'same-origin',redirect:'manual',signal:stop&&stop.signal})
.then(function(r){return r.text().then(function(body){answered(r,body)})})
.catch(lost).then(function(){asked=0})
}
function tick(){
if(state=='not_started')count();
if(asked){if(stop&&Date.now()-asked>3e4)stop.abort()}
else if(Date.now()>=due)ask()
}
rest(after);
if(state=='waiting')progress(+data.place);
else opening(id('opens').dateTime,+id('count').dataset.left);
if(navigator.cookieEnabled===false)put(note,stay=data.stay=data.cookies);
addEventListener('online',function(){if(fails)due=Math.min(due,Date.now()+Math.random()*5000)});
document.addEventListener('visibilitychange',tick);
var timer=setInterval(tick,1000);
tick()
})()
