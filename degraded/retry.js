(function(){
var again=document.getElementById('again'),bar=document.getElementById('bar');
var first=+again.dataset.wait,key='again '+location.pathname,tries=0,now=Date.now(),last;
try{last=JSON.parse(sessionStorage.getItem(key))}catch(e){}
if(last&&now-last.at<3*last.wait)tries=last.tries+1;
var wait=Math.min(first*Math.pow(1.5,tries),Math.max(first,60))*(1+Math.random()/2)*1000,due=now+wait;
try{sessionStorage.setItem(key,JSON.stringify({at:now,wait:wait,tries:tries}))}catch(e){}
function show(){
var left=due-Date.now();
if(left>0||document.hidden||navigator.onLine===false){
again.textContent=again.dataset.in.replace('0',Math.max(1,Math.ceil(left/1000)));
bar.style.transform='scaleX('+Math.max(0,1-left/wait)+')';
return
}
clearInterval(timer);
again.textContent=again.dataset.now;
bar.style.transform='none';
if(!location.hash)return location.replace(location.href);
history.replaceState(null,'',location.href);
location.reload()
}
var timer=setInterval(show,250);
show()
})()
